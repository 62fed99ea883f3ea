//! When counted pages of an API are over. An API says so in one of four ways: a page without rows, the rows of the last page
//! once more, those of the first one, or that there is no such page. How many rows a page has says nothing: an API may
//! give fewer than it was asked for, on each page or on some.

use reqwest::StatusCode;

/// What the pages so far have told.
#[derive(Debug, Default)]
pub struct Ends {
    first: Option<[u8; 32]>,
    last: Option<[u8; 32]>,
    /// Whether the last one had fewer rows than were asked for.
    is_short: bool,
}

impl Ends {
    /// Whether this page goes on after those before it. `hash` is of its rows, not of what stands around them.
    pub fn go_on(&mut self, rows: u64, asked: u32, hash: [u8; 32]) -> bool {
        let is_repeated = [self.first, self.last].contains(&Some(hash));
        self.first.get_or_insert(hash);
        self.last = Some(hash);
        self.is_short = rows < u64::from(asked);
        rows > 0 && !is_repeated
    }

    /// Whether a refusal of the next page means that there is none.
    pub fn end_with(&self, status: StatusCode) -> bool {
        match status {
            StatusCode::NOT_FOUND => self.last.is_some(),
            // It is refused for another reason, unless the end was near.
            StatusCode::BAD_REQUEST
            | StatusCode::GONE
            | StatusCode::RANGE_NOT_SATISFIABLE
            | StatusCode::UNPROCESSABLE_ENTITY => self.last.is_some() && self.is_short,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Page = Vec<usize>;

    /// The rows that are taken, and how many requests that needs. `total` rows are asked for `size` at a time; the API gives
    /// `cap` at most.
    fn asked(total: usize, size: usize, cap: usize, beyond: fn(&[Page]) -> Page) -> (usize, usize) {
        let rows: Vec<usize> = (0..total).collect();
        let pages: Vec<Page> = rows.chunks(size.min(cap)).map(<[_]>::to_vec).collect();
        let mut seen = Ends::default();
        let (mut taken, mut requests) = (0, 0);
        loop {
            let page = pages.get(requests).cloned().unwrap_or_else(|| beyond(&pages));
            requests += 1;
            let mut hash = [0; 32];
            hash[..8].copy_from_slice(&page.iter().fold(7_u64, |hash, row| hash * 31 + *row as u64).to_le_bytes());
            if !seen.go_on(page.len() as u64, size as u32, hash) {
                return (taken, requests);
            }
            taken += page.len();
        }
    }

    #[test]
    fn all_rows_are_taken_with_one_request_more_than_there_are_pages() {
        let ways: [fn(&[Page]) -> Page; 3] = [
            |_| vec![],
            |pages| pages.last().cloned().unwrap_or_default(),
            |pages| pages.first().cloned().unwrap_or_default(),
        ];
        for beyond in ways {
            for total in 0..12_usize {
                for (size, cap) in [(1, 9), (2, 9), (3, 9), (5, 2), (500, 3), (500, 500)] {
                    let pages = total.div_ceil(size.min(cap));
                    assert_eq!(asked(total, size, cap, beyond), (total, pages + 1), "{total} by {size}, at most {cap}");
                }
            }
        }
    }

    #[test]
    fn a_refusal_is_an_end_where_one_was_near() {
        let mut pages = Ends::default();
        assert!(!pages.end_with(StatusCode::NOT_FOUND), "not even one page");
        pages.go_on(2, 2, [1; 32]);
        assert!(pages.end_with(StatusCode::NOT_FOUND) && !pages.end_with(StatusCode::BAD_REQUEST));
        pages.go_on(1, 2, [2; 32]);
        assert!(pages.end_with(StatusCode::BAD_REQUEST) && !pages.end_with(StatusCode::UNAUTHORIZED));
    }
}
