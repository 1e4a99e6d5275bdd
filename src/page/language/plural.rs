//! Which form of a word goes with a number, by the rules of CLDR for whole numbers.

/// The forms of a word that is counted. A form that names its number by itself, as a dual does,
/// has no place for it.
pub(in crate::page) struct Plural {
    /// For [`Category::Zero`].
    pub zero: &'static str,
    /// For [`Category::One`].
    pub one: &'static str,
    /// For [`Category::Two`].
    pub two: &'static str,
    /// For [`Category::Few`].
    pub few: &'static str,
    /// For [`Category::Many`].
    pub many: &'static str,
    /// For [`Category::Other`].
    pub other: &'static str,
}

/// CLDR's names for the forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Zero,
    One,
    Two,
    Few,
    Many,
    Other,
}

/// How a language counts: CLDR's cardinal rules, for whole numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counting {
    /// One form for all.
    Invariable,
    /// 1, and all else.
    Singular,
    /// 1, whole millions, and all else.
    SingularAndMillions,
    /// 0 and 1, whole millions, and all else.
    ZeroAsOneAndMillions,
    /// 1, 2, and all else.
    Dual,
    /// 1, then 2 to 4, and all else.
    Czech,
    /// 1, what ends in 2 to 4 but not in 12 to 14, and all else.
    Polish,
    /// What ends in 1 but not in 11, what ends in 2 to 4 but not in 12 to 14, and all else.
    Ukrainian,
    /// 0, 1, 2, what ends in 03 to 10, what ends in 11 to 99, and all else.
    Arabic,
}

impl Plural {
    /// A word with one form, to which others may be added.
    pub(super) const fn of(other: &'static str) -> Self {
        Self {
            zero: other,
            one: other,
            two: other,
            few: other,
            many: other,
            other,
        }
    }

    /// The form for a category.
    pub(super) const fn form(&self, category: Category) -> &'static str {
        match category {
            Category::Zero => self.zero,
            Category::One => self.one,
            Category::Two => self.two,
            Category::Few => self.few,
            Category::Many => self.many,
            Category::Other => self.other,
        }
    }
}

impl Counting {
    /// The category of a number.
    pub(super) const fn category(self, number: u64) -> Category {
        match self {
            Self::Invariable => Category::Other,
            Self::Singular => match number {
                1 => Category::One,
                _ => Category::Other,
            },
            Self::SingularAndMillions => match number {
                1 => Category::One,
                _ => millions(number),
            },
            Self::ZeroAsOneAndMillions => match number {
                0 | 1 => Category::One,
                _ => millions(number),
            },
            Self::Dual => match number {
                1 => Category::One,
                2 => Category::Two,
                _ => Category::Other,
            },
            Self::Czech => match number {
                1 => Category::One,
                2..=4 => Category::Few,
                _ => Category::Other,
            },
            Self::Polish => match number {
                1 => Category::One,
                _ if ends_in_few(number) => Category::Few,
                _ => Category::Many,
            },
            Self::Ukrainian => match number {
                _ if number % 10 == 1 && number % 100 != 11 => Category::One,
                _ if ends_in_few(number) => Category::Few,
                _ => Category::Many,
            },
            Self::Arabic => match (number, number % 100) {
                (0, _) => Category::Zero,
                (1, _) => Category::One,
                (2, _) => Category::Two,
                (_, 3..=10) => Category::Few,
                (_, 11..=99) => Category::Many,
                (_, _) => Category::Other,
            },
        }
    }
}

const fn millions(number: u64) -> Category {
    if number != 0 && number.is_multiple_of(1_000_000) {
        Category::Many
    } else {
        Category::Other
    }
}

const fn ends_in_few(number: u64) -> bool {
    matches!(number % 10, 2..=4) && !matches!(number % 100, 12..=14)
}

#[cfg(test)]
mod tests;
