//! Every language says everything, in its own words.
