//! YAML as a tree that remembers where each node stands.
//!
//! serde stops at the first fault; a tree can be read to the end, so that all faults are found in one pass
//! (see [`read`](super::read)).

use std::collections::HashMap;
use std::iter::Peekable;

use serde_saphyr::granit_parser::{self, Event, Parser, ScalarStyle, StrInput};

use super::faults::{Faults, Span};

#[derive(Debug, Clone)]
pub struct Node {
    pub span: Span,
    pub kind: Kind,
}

#[derive(Debug, Clone)]
pub enum Kind {
    /// `plain` text may be a number, a truth value or nothing; quoted text is text.
    Scalar {
        text: String,
        plain: bool,
    },
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// What can't be known, which has been reported: reading it fails, and says nothing more.
    Unset,
}

#[derive(Debug, Clone)]
pub struct Key {
    pub text: String,
    pub span: Span,
}

impl Node {
    fn new(span: Span, kind: Kind) -> Self {
        Node { span, kind }
    }

    /// Whether it is YAML's null: nothing, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// Reads the YAML document in `part` of the file's text. Faults of syntax end the reading; repeated keys don't.
pub fn parse(part: Span, faults: &mut Faults) -> Option<Node> {
    let whole = faults.file.text.clone();
    let text = &whole[part.clone()];
    let events = Parser::new_from_str(text).peekable();
    let mut builder = Builder { text: &whole, offset: part.start, events, anchors: HashMap::new(), faults };
    match builder.document() {
        Ok(node) => Some(node),
        Err(error) => {
            let at = part.start + error.marker().byte_offset().unwrap_or_else(|| byte_of(text, error.marker().index()));
            let at = at.min(part.end);
            faults
                .add(&(at..at), format!("this is not valid YAML: {}", error.info()))
                .hint("check the indentation, the quotes and the brackets around this place");
            None
        }
    }
}

fn byte_of(text: &str, char_index: usize) -> usize {
    text.char_indices().nth(char_index).map_or(text.len(), |(byte, _)| byte)
}

struct Builder<'a> {
    /// The whole file.
    text: &'a str,
    /// Where the document starts in the file.
    offset: usize,
    events: Peekable<Parser<'a, StrInput<'a>>>,
    anchors: HashMap<usize, Node>,
    faults: &'a mut Faults,
}

type Scanned<T> = Result<T, granit_parser::ScanError>;

impl<'a> Builder<'a> {
    fn document(&mut self) -> Scanned<Node> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    self.faults.add(&span, "there is a second YAML document in this file");
                    break;
                }
                event => root = Some(self.node(event, span)?),
            }
        }
        let nothing = Kind::Scalar { text: String::new(), plain: true };
        Ok(root.unwrap_or_else(|| Node::new(self.offset..self.offset, nothing)))
    }

    /// The next event that is no comment, with its place in the file.
    fn next(&mut self) -> Scanned<Option<(Event<'a>, Span)>> {
        loop {
            match self.events.next().transpose()? {
                Some((Event::Comment(..), _)) => {}
                Some((event, span)) => {
                    let bytes = span.byte_range().unwrap_or(0..0);
                    return Ok(Some((event, self.offset + bytes.start..self.offset + bytes.end)));
                }
                None => return Ok(None),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Scanned<Node> {
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let plain = style == ScalarStyle::Plain;
                (Node::new(span, Kind::Scalar { text: text.into_owned(), plain }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.list(span)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(span)?, anchor),
            Event::Alias(anchor) => {
                let target = self.anchors.get(&anchor).map(|node| node.kind.clone());
                (Node::new(span, target.unwrap_or(Kind::Unset)), 0)
            }
            _ => (Node::new(span, Kind::Unset), 0),
        };
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, start: Span) -> Scanned<Node> {
        let (mut items, mut end) = (vec![], start.end);
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                end = end.max(self.trimmed_end(span.end));
                break;
            }
            items.push(self.node(event, span)?);
        }
        Ok(Node::new(start.start..end, Kind::List(items)))
    }

    fn map(&mut self, start: Span) -> Scanned<Node> {
        let (mut entries, mut end) = (Vec::<(Key, Node)>::new(), start.end);
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                end = end.max(self.trimmed_end(span.end));
                break;
            }
            let key = match self.node(event, span)? {
                Node { span, kind: Kind::Scalar { text, .. } } => Key { text, span },
                Node { span, .. } => {
                    self.faults.add(&span, "a key must be a word");
                    Key { text: String::new(), span }
                }
            };
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, span)?;
            if let Some((_, first)) = entries.iter_mut().find(|(other, _)| other.text == key.text) {
                // Which of the two is meant cannot be told.
                first.kind = Kind::Unset;
                let message = format!("`{}` is given twice", key.text);
                self.faults.add(&key.span, message).hint("keep one of the two, or rename one");
            } else {
                entries.push((key, value));
            }
        }
        Ok(Node::new(start.start..end, Kind::Map(entries)))
    }

    /// A block ends where the next one starts; the white space between belongs to neither.
    fn trimmed_end(&self, end: usize) -> usize {
        self.text[..end].trim_end().len()
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::faults::File;
    use super::*;

    fn tree(text: &str) -> (Option<Node>, Faults) {
        let mut faults = Faults::of(File { path: PathBuf::new(), text: text.into() });
        (parse(0..text.len(), &mut faults), faults)
    }

    #[test]
    fn remembers_places_in_bytes() {
        let text = "é: # comment\n  - a: 'ö'\n    b: &x [1, 2]\n  - *x\n\nlast: ~\n";
        let Kind::Map(entries) = tree(text).0.unwrap().kind else { panic!() };
        let (key, Node { span, kind: Kind::List(items) }) = &entries[0] else { panic!() };
        assert_eq!((&text[key.span.clone()], &text[span.clone()]), ("é", "- a: 'ö'\n    b: &x [1, 2]\n  - *x"));
        assert!(matches!(&items[1].kind, Kind::List(items) if items.len() == 2));
        assert!(entries[1].1.is_null());
    }

    #[test]
    fn reports_repeated_keys_and_goes_on() {
        let (node, faults) = tree("a: 1\na: 2\nb: 1\nb: 3\n");
        assert!(node.is_some());
        assert_eq!(faults.problems.len(), 2);
        assert_eq!(faults.problems[1].message, "`b` is given twice");
    }
}
