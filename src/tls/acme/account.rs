//! Who asks: the account of a mail address at the directory.

use std::{collections::HashMap, sync::Arc};

use instant_acme::{Account, AccountCredentials, NewAccount};
use tokio::task::spawn_blocking;

use super::{client::Client, failure::Failed, store::Store};
use crate::failure::chain;

/// Accounts by mail address. What is on disk counts, what is in memory stands in where there is no
/// disk.
pub(super) struct Accounts {
    directory: String,
    client: Client,
    store: Arc<Store>,
    known: HashMap<String, String>,
}

impl Accounts {
    pub(super) fn new(directory: &str, client: &Client, store: &Arc<Store>) -> Self {
        Self {
            directory: directory.to_owned(),
            client: client.clone(),
            store: Arc::clone(store),
            known: HashMap::new(),
        }
    }

    /// The account of this address: the one we have, else a new one. Whoever configures an address
    /// agrees to the terms of the authority.
    pub(super) async fn open(&mut self, contact: &str) -> Result<Account, Failed> {
        self.recall(contact).await;
        let kept = self.known.get(contact);
        let kept = kept.and_then(|text| serde_json::from_str::<AccountCredentials>(text).ok());
        let builder = Account::builder_with_http(Box::new(self.client.clone()));
        if let Some(kept) = kept {
            return Ok(builder.from_credentials(kept).await?);
        }
        let address = format!("mailto:{contact}");
        let wanted = NewAccount {
            contact: &[&address],
            terms_of_service_agreed: true,
            only_return_existing: false,
        };
        let created = builder.create(&wanted, self.directory.clone(), None).await;
        let (account, credentials) = created?;
        tracing::info!(directory = self.directory, contact, "account opened");
        self.keep(contact, &credentials).await;
        Ok(account)
    }

    /// The directory does not know it any more.
    pub(super) async fn forget(&mut self, contact: &str) {
        self.known.remove(contact);
        let (store, contact) = (Arc::clone(&self.store), contact.to_owned());
        drop(spawn_blocking(move || store.forget_account(&contact)).await);
    }

    async fn recall(&mut self, contact: &str) {
        if self.known.contains_key(contact) {
            return;
        }
        let (store, key) = (Arc::clone(&self.store), contact.to_owned());
        match spawn_blocking(move || store.account(&key)).await {
            Ok(Ok(Some(text))) => drop(self.known.insert(contact.to_owned(), text)),
            Ok(Err(error)) => {
                let error = chain(&error);
                tracing::warn!(contact, error, "the account kept on disk cannot be read");
            }
            Ok(Ok(None)) | Err(_) => {}
        }
    }

    async fn keep(&mut self, contact: &str, credentials: &AccountCredentials) {
        let Ok(text) = serde_json::to_string(credentials) else {
            return;
        };
        self.known.insert(contact.to_owned(), text.clone());
        let (store, key) = (Arc::clone(&self.store), contact.to_owned());
        let kept = spawn_blocking(move || store.keep_account(&key, &text)).await;
        if let Ok(Err(error)) = kept {
            let error = chain(&error);
            tracing::warn!(contact, error, "the account is kept in memory only");
        }
    }
}
