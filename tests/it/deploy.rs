//! The files below `deploy` are right.
