//! One order, from the wish to the certificate (RFC 8555 section 7.4).

use std::{sync::Arc, time::Duration};

use instant_acme::{
    Account, AuthorizationHandle, AuthorizationStatus, CertificateIdentifier, ChallengeStatus,
    ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    challenges::{Challenges, Open},
    failure::{Failed, Why},
};

/// From the wish to the certificate.
const DEADLINE: Duration = Duration::from_secs(300);
/// How an authority is asked whether it has decided.
const ASKING: RetryPolicy = RetryPolicy::new()
    .initial_delay(Duration::from_millis(250))
    .backoff(1.5)
    .timeout(Duration::from_secs(120));

/// The ways to prove control over a name that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    /// A request to port 80 (RFC 8555 section 8.3).
    #[serde(rename = "http-01")]
    Http01,
    /// A handshake at port 443 (RFC 8737).
    #[serde(rename = "tls-alpn-01")]
    TlsAlpn01,
}

/// What is wanted.
pub(super) struct Wish<'w> {
    /// All in one certificate.
    pub(super) names: &'w [String],
    /// The one that is renewed (RFC 9773 section 5).
    pub(super) replaces: Option<&'w CertificateIdentifier<'static>>,
    /// How control is proved where it can be chosen.
    pub(super) kind: Kind,
}

impl Kind {
    /// The name in logs.
    pub(super) const fn label(self) -> &'static str {
        match self {
            Self::Http01 => "http-01",
            Self::TlsAlpn01 => "tls-alpn-01",
        }
    }

    /// The other one.
    pub(super) const fn other(self) -> Self {
        match self {
            Self::Http01 => Self::TlsAlpn01,
            Self::TlsAlpn01 => Self::Http01,
        }
    }

    const fn challenge(self) -> ChallengeType {
        match self {
            Self::Http01 => ChallengeType::Http01,
            Self::TlsAlpn01 => ChallengeType::TlsAlpn01,
        }
    }
}

/// Orders a certificate. Returns its key and its chain as one text in PEM.
pub(super) async fn place(
    account: &Account,
    wish: &Wish<'_>,
    challenges: &Arc<Challenges>,
) -> Result<String, Failed> {
    let placed = Box::pin(place_now(account, wish, challenges));
    let placed = timeout(DEADLINE, placed).await;
    placed.unwrap_or(Err(Failed::because(Why::Late)))
}

async fn place_now(
    account: &Account,
    wish: &Wish<'_>,
    challenges: &Arc<Challenges>,
) -> Result<String, Failed> {
    let mut order = begin(account, wish).await?;
    let open = prove(&mut order, wish.kind, challenges).await?;
    let decided = order.poll_ready(&ASKING).await;
    match decided {
        Ok(OrderStatus::Ready) => {}
        Ok(_) => return Err(why(&mut order, None).await),
        Err(error) => return Err(why(&mut order, Some(error)).await),
    }
    drop(open);
    let (key, request) =
        signing_request(wish.names).map_err(|error| Error::Other(Box::new(error)))?;
    order.finalize_csr(&request).await?;
    let chain = order.poll_certificate(&ASKING).await?;
    Ok(key + &chain)
}

/// An authority that does not want to hear what is replaced is asked without.
async fn begin(account: &Account, wish: &Wish<'_>) -> Result<Order, Failed> {
    let names = wish.names.iter().cloned().map(Identifier::Dns);
    let names: Vec<_> = names.collect();
    let wanted = NewOrder::new(&names);
    if let Some(before) = wish.replaces {
        let replacing = NewOrder::new(&names).replaces(before.clone());
        match account.new_order(&replacing).await.map_err(Failed::from) {
            Err(failed) if failed.may_be_about_replacing() => {}
            done => return done,
        }
    }
    Ok(account.new_order(&wanted).await?)
}

/// Opens what proves control over each name, and says so. What is returned is to be kept until the
/// authority has decided.
async fn prove(
    order: &mut Order,
    kind: Kind,
    challenges: &Arc<Challenges>,
) -> Result<Vec<Open>, Failed> {
    let mut open = Vec::new();
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        if authorization.status != AuthorizationStatus::Pending {
            // Proved before, or lost already: the order will tell.
            continue;
        }
        let kind = offered(&authorization, kind).ok_or(Failed::because(Why::NoWay))?;
        let Some(mut challenge) = authorization.challenge(kind.challenge()) else {
            return Err(Failed::because(Why::NoWay));
        };
        let answer = challenge.key_authorization();
        open.push(match kind {
            Kind::Http01 => challenges.open_token(&challenge.token, &answer),
            Kind::TlsAlpn01 => {
                let name = challenge.identifier().to_string();
                let opened = challenges.open_name(&name, &answer);
                opened.map_err(|error| Error::Other(Box::new(error)))?
            }
        });
        challenge.set_ready().await?;
    }
    Ok(open)
}

fn offered(authorization: &AuthorizationHandle<'_>, wanted: Kind) -> Option<Kind> {
    [wanted, wanted.other()].into_iter().find(|kind| {
        let mut offers = authorization.challenges.iter();
        offers.any(|offer| offer.r#type == kind.challenge())
    })
}

/// The reason of an order that failed stands in the challenge that failed.
async fn why(order: &mut Order, error: Option<Error>) -> Failed {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        let Ok(state) = authorization.refresh().await else {
            break;
        };
        let failed = state
            .challenges
            .iter()
            .filter(|challenge| challenge.status == ChallengeStatus::Invalid)
            .find_map(|challenge| challenge.error.clone());
        if let Some(problem) = failed {
            return Failed::of(state.identifier().to_string(), problem);
        }
    }
    error.map_or_else(|| Failed::because(Why::Directory), Failed::from)
}

/// A new key, in PEM, and the request to sign it, in DER.
fn signing_request(names: &[String]) -> Result<(String, Vec<u8>), rcgen::Error> {
    let key = KeyPair::generate()?;
    let mut params = CertificateParams::new(names.to_vec())?;
    params.distinguished_name = DistinguishedName::new();
    let request = params.serialize_request(&key)?;
    Ok((key.serialize_pem(), request.der().to_vec()))
}
