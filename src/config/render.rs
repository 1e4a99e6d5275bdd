//! Problems for a person: title, excerpt with carets, way out, as rustc shows them.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{
    problem::{Problem, Severity},
    source::Spot,
};

/// All problems, with an empty line after each.
pub(super) fn problems(problems: &[Problem], color: bool) -> String {
    let renderer = if color {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    problems
        .iter()
        .map(|problem| renderer.render(&[group(problem)]) + "\n\n")
        .collect()
}

fn group(problem: &Problem) -> Group<'_> {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = if problem.key.is_empty() {
        problem.problem.clone()
    } else {
        format!("{}: {}", problem.key, problem.problem)
    };
    let mut group = Group::with_title(level.primary_title(title));
    match (&problem.spot, &problem.file) {
        (Some(spot), _) => group = group.element(excerpt(spot, AnnotationKind::Primary, None)),
        (None, Some(file)) => {
            let mut origin = Origin::path(file.as_str());
            if let (Some(line), Some(column)) = (problem.line, problem.column) {
                origin = origin.line(line).char_column(column);
            }
            group = group.element(origin);
        }
        (None, None) => {}
    }
    if let Some((spot, label)) = &problem.other {
        group = group.element(excerpt(spot, AnnotationKind::Context, Some(label)));
    }
    group.element(Level::HELP.message(problem.way_out.as_str()))
}

fn excerpt<'a>(
    spot: &'a Spot,
    kind: AnnotationKind,
    label: Option<&'a str>,
) -> Snippet<'a, annotate_snippets::Annotation<'a>> {
    let mut annotation = kind.span(spot.span.clone());
    if let Some(label) = label {
        annotation = annotation.label(label);
    }
    Snippet::source(spot.source.shown_text())
        .path(spot.source.shown.as_str())
        .annotation(annotation)
}
