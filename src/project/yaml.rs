//! YAML as a tree that remembers where each node stands.
//!
//! serde stops at the first fault; a tree can be read to the end, so that all faults are found in one pass
//! (see [`read`](super::read)). An alias is a copy of what it stands for, so a few lines of aliases of aliases can ask for
//! any amount of memory: depth and size have a limit.

use std::collections::HashMap;
use std::iter::Peekable;

use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, StrInput};

use super::faults::Faults;

use crate::error::Span;

#[derive(Debug, Clone)]
pub struct YamlNode {
    pub span: Span,
    pub kind: YamlKind,
}

#[derive(Debug, Clone)]
pub enum YamlKind {
    /// `plain` text may be a number, a truth value or nothing; quoted text is text. `shown` is what may be printed in its
    /// place, when a variable's value is in it.
    Scalar {
        text: String,
        plain: bool,
        shown: Option<String>,
    },
    List(Vec<YamlNode>),
    Map(Vec<(YamlKey, YamlNode)>),
    /// What can't be known, which has been reported: reading it fails, and says nothing more.
    Unset,
}

#[derive(Debug, Clone)]
pub struct YamlKey {
    pub text: String,
    pub span: Span,
}

impl YamlNode {
    fn new(span: Span, kind: YamlKind) -> Self {
        YamlNode { span, kind }
    }

    /// Whether it is YAML's null: nothing, `~` or `null`.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, YamlKind::Scalar { text, plain: true, .. } if matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"))
    }
}

/// No file of a project nests a tenth of this.
const MOST_DEEP: usize = 100;

/// Nodes of a document with its aliases written out, and the bytes of their texts.
const MOST_NODES: usize = 200_000;
const MOST_BYTES: usize = 16 << 20;

/// Reads the YAML document in `part` of the file's text. Faults of syntax end the reading; repeated keys don't.
pub fn parse(part: Span, faults: &mut Faults) -> Option<YamlNode> {
    let whole = faults.file.text.clone();
    let text = &whole[part.clone()];
    let events = Parser::new_from_str(text).peekable();
    let left = Left { nodes: MOST_NODES, bytes: MOST_BYTES };
    let mut builder = Builder { text: &whole, offset: part.start, events, anchors: HashMap::new(), left, faults };
    match builder.document() {
        Ok(node) => Some(node),
        Err(YamlEnd::Syntax(error)) => {
            let at = part.start + error.marker().byte_offset().unwrap_or_else(|| byte_of(text, error.marker().index()));
            let at = at.min(part.end);
            // The scanner looks ahead, and has a limit of its own.
            if *error.kind() == ErrorKind::RecursionLimitExceeded {
                too_deep(&(at..at), faults);
                return None;
            }
            faults
                .add(&(at..at), format!("this is not valid YAML: {}", error.info()))
                .hint("check the indentation, the quotes and the brackets around this place");
            None
        }
        Err(YamlEnd::TooDeep(span)) => {
            too_deep(&first_line(&whole, span), faults);
            None
        }
        Err(YamlEnd::TooLarge(span)) => {
            let message = format!(
                "with this there are more than {MOST_NODES} values, or more than {} MiB of text, in the file",
                MOST_BYTES >> 20
            );
            let hint = "an alias (`*name`) counts as much as what it stands for: use fewer of them";
            faults.add(&first_line(&whole, span), message).hint(hint);
            None
        }
    }
}

fn too_deep(span: &Span, faults: &mut Faults) {
    faults
        .add(span, format!("this is nested more than {MOST_DEEP} levels deep"))
        .hint("check the brackets and the indentation around this place");
}

fn first_line(text: &str, span: Span) -> Span {
    span.start..span.start + text[span.clone()].lines().next().unwrap_or_default().len()
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
    anchors: HashMap<usize, YamlNode>,
    left: Left,
    faults: &'a mut Faults,
}

/// What may still come.
struct Left {
    nodes: usize,
    bytes: usize,
}

impl Left {
    /// Takes this off, or says that it is too much.
    fn take(&mut self, nodes: usize, bytes: usize) -> Option<()> {
        self.nodes = self.nodes.checked_sub(nodes)?;
        self.bytes = self.bytes.checked_sub(bytes)?;
        Some(())
    }
}

/// Why a document is not read to its end.
enum YamlEnd {
    Syntax(granit_parser::ScanError),
    TooDeep(Span),
    TooLarge(Span),
}

impl From<granit_parser::ScanError> for YamlEnd {
    fn from(error: granit_parser::ScanError) -> Self {
        YamlEnd::Syntax(error)
    }
}

type Scanned<T> = Result<T, YamlEnd>;

impl<'a> Builder<'a> {
    fn document(&mut self) -> Scanned<YamlNode> {
        let mut root = None;
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart | Event::DocumentStart(..) | Event::DocumentEnd => {}
                Event::StreamEnd => break,
                _ if root.is_some() => {
                    self.faults.add(&span, "there is a second YAML document in this file");
                    break;
                }
                event => root = Some(self.node(event, span, 0)?),
            }
        }
        let nothing = YamlKind::Scalar { text: String::new(), plain: true, shown: None };
        Ok(root.unwrap_or_else(|| YamlNode::new(self.offset..self.offset, nothing)))
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

    fn node(&mut self, event: Event<'a>, span: Span, depth: usize) -> Scanned<YamlNode> {
        if depth > MOST_DEEP {
            return Err(YamlEnd::TooDeep(span));
        }
        let (node, anchor) = match event {
            Event::Scalar(text, style, anchor, _) => {
                self.left.take(1, text.len()).ok_or_else(|| YamlEnd::TooLarge(span.clone()))?;
                let plain = style == ScalarStyle::Plain;
                (YamlNode::new(span, YamlKind::Scalar { text: text.into_owned(), plain, shown: None }), anchor)
            }
            Event::SequenceStart(_, anchor, _) => (self.list(span, depth)?, anchor),
            Event::MappingStart(_, anchor, _) => (self.map(span, depth)?, anchor),
            Event::Alias(anchor) => {
                let kind = match self.anchors.get(&anchor) {
                    Some(target) => {
                        let Size { nodes, bytes, deep } = Size::of(target);
                        self.left.take(nodes, bytes).ok_or_else(|| YamlEnd::TooLarge(span.clone()))?;
                        if depth + deep > MOST_DEEP {
                            return Err(YamlEnd::TooDeep(span));
                        }
                        target.kind.clone()
                    }
                    None => YamlKind::Unset,
                };
                (YamlNode::new(span, kind), 0)
            }
            _ => (YamlNode::new(span, YamlKind::Unset), 0),
        };
        if anchor != 0 {
            // It is kept for its aliases, so it is there twice.
            let Size { nodes, bytes, .. } = Size::of(&node);
            self.left.take(nodes, bytes).ok_or_else(|| YamlEnd::TooLarge(node.span.clone()))?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn list(&mut self, start: Span, depth: usize) -> Scanned<YamlNode> {
        self.left.take(1, 0).ok_or_else(|| YamlEnd::TooLarge(start.clone()))?;
        let (mut items, mut end) = (vec![], start.end);
        while let Some((event, span)) = self.next()? {
            if event == Event::SequenceEnd {
                end = end.max(self.trimmed_end(span.end));
                break;
            }
            items.push(self.node(event, span, depth + 1)?);
        }
        Ok(YamlNode::new(start.start..end, YamlKind::List(items)))
    }

    fn map(&mut self, start: Span, depth: usize) -> Scanned<YamlNode> {
        self.left.take(1, 0).ok_or_else(|| YamlEnd::TooLarge(start.clone()))?;
        let (mut entries, mut end) = (Vec::<(YamlKey, YamlNode)>::new(), start.end);
        while let Some((event, span)) = self.next()? {
            if event == Event::MappingEnd {
                end = end.max(self.trimmed_end(span.end));
                break;
            }
            let key = match self.node(event, span, depth + 1)? {
                YamlNode { span, kind: YamlKind::Scalar { text, .. } } => YamlKey { text, span },
                YamlNode { span, .. } => {
                    self.faults.add(&span, "a key must be a word");
                    YamlKey { text: String::new(), span }
                }
            };
            let Some((event, span)) = self.next()? else { break };
            let value = self.node(event, span, depth + 1)?;
            if let Some((_, first)) = entries.iter_mut().find(|(other, _)| other.text == key.text) {
                // Which of the two is meant cannot be told.
                first.kind = YamlKind::Unset;
                let message = format!("`{}` is given twice", key.text);
                self.faults.add(&key.span, message).hint("keep one of the two, or rename one");
            } else {
                entries.push((key, value));
            }
        }
        Ok(YamlNode::new(start.start..end, YamlKind::Map(entries)))
    }

    /// A block ends where the next one starts; the white space between belongs to neither.
    fn trimmed_end(&self, end: usize) -> usize {
        self.text[..end].trim_end().len()
    }
}

/// What a copy of a node would take.
#[derive(Default)]
struct Size {
    nodes: usize,
    bytes: usize,
    deep: usize,
}

impl Size {
    fn of(node: &YamlNode) -> Size {
        let sum = |parts: &mut dyn Iterator<Item = &YamlNode>| {
            let parts = parts.map(Size::of).fold(Size::default(), |all, part| Size {
                nodes: all.nodes + part.nodes,
                bytes: all.bytes + part.bytes,
                deep: all.deep.max(part.deep + 1),
            });
            Size { nodes: parts.nodes + 1, ..parts }
        };
        match &node.kind {
            YamlKind::Scalar { text, .. } => Size { nodes: 1, bytes: text.len(), deep: 0 },
            YamlKind::List(items) => sum(&mut items.iter()),
            YamlKind::Map(entries) => {
                let keys: usize = entries.iter().map(|(key, _)| key.text.len()).sum();
                let values = sum(&mut entries.iter().map(|(_, value)| value));
                Size { nodes: values.nodes + entries.len(), bytes: values.bytes + keys, ..values }
            }
            YamlKind::Unset => Size { nodes: 1, ..Size::default() },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::faults::File;
    use super::*;

    fn tree(text: &str) -> (Option<YamlNode>, Faults) {
        let mut faults = Faults::of(File { path: PathBuf::new(), text: text.into() });
        (parse(0..text.len(), &mut faults), faults)
    }

    #[test]
    fn remembers_places_in_bytes() {
        let text = "é: # comment\n  - a: 'ö'\n    b: &x [1, 2]\n  - *x\n\nlast: ~\n";
        let YamlKind::Map(entries) = tree(text).0.unwrap().kind else { panic!() };
        let (key, YamlNode { span, kind: YamlKind::List(items) }) = &entries[0] else { panic!() };
        assert_eq!((&text[key.span.clone()], &text[span.clone()]), ("é", "- a: 'ö'\n    b: &x [1, 2]\n  - *x"));
        assert!(matches!(&items[1].kind, YamlKind::List(items) if items.len() == 2));
        assert!(entries[1].1.is_null());
    }

    #[test]
    fn bounds_depth_and_size() {
        // Each level is ten of the one before: 10⁸ values from 9 lines.
        let level = |n: usize| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(", "));
        let laughs = (1..=8).fold("l0: &l0 [ha, ha]\n".to_string(), |text, n| text + &level(n));
        let (node, faults) = tree(&laughs);
        let fault = &faults.problems[0];
        assert!(node.is_none() && fault.message.starts_with("with this there are more than 200000 values"));
        assert_eq!(laughs[..fault.span.start].lines().count(), 6, "{}", &laughs[fault.span.clone()]);

        let text = format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), vec!["*a"; 20].join(", "));
        assert_eq!(&text[tree(&text).1.problems[0].span.clone()], "*a");

        for (open, close) in [("[", "]"), ("{a: ", "}")] {
            assert!(tree(&(open.repeat(100) + &close.repeat(100))).0.is_some());
            for deep in [110, 100_000] {
                let (node, faults) = tree(&(open.repeat(deep) + &close.repeat(deep)));
                assert!(node.is_none());
                assert!(faults.problems[0].message.contains("deep"), "{}", faults.problems[0].message);
            }
        }
        // Aliases nest what they stand for.
        let nested =
            (1..200).fold("l0: &l0 []\n".to_string(), |text, n| text + &format!("l{n}: &l{n} [*l{}]\n", n - 1));
        assert_eq!(tree(&nested).1.problems[0].message, "this is nested more than 100 levels deep");
    }

    #[test]
    fn reports_repeated_keys_and_goes_on() {
        let (node, faults) = tree("a: 1\na: 2\nb: 1\nb: 3\n");
        assert!(node.is_some());
        assert_eq!(faults.problems.len(), 2);
        assert_eq!(faults.problems[1].message, "`b` is given twice");
    }
}
