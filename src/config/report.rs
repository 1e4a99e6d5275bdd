//! Where problems are collected while files are read.

use std::{cell::RefCell, path::PathBuf};

use super::problem::Problem;

/// What all readers share: the environment to read from and the problems found.
pub(super) struct Report<'a> {
    /// Looks up an environment variable.
    environment: &'a dyn Fn(&str) -> Option<String>,
    problems: RefCell<Vec<Problem>>,
    /// Files that the configuration refers to, so that they are not taken for misnamed sites.
    used: RefCell<Vec<PathBuf>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(environment: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self {
            environment,
            problems: RefCell::default(),
            used: RefCell::default(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name)
    }

    pub(super) fn add(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub(super) fn mark_used(&self, file: PathBuf) {
        self.used.borrow_mut().push(file);
    }

    pub(super) fn is_used(&self, file: &std::path::Path) -> bool {
        self.used.borrow().iter().any(|used| used == file)
    }

    pub(super) fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}
