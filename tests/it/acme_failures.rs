//! What goes wrong while certificates are fetched: each is said in plain words, none takes away
//! what there was.
