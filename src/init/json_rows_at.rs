//! Where the rows of a JSON document are, by its beginning.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Lists of rows lie no deeper.
const MOST_DEEP: usize = 4;

/// The dotted path to the longest list of objects; `None` where the document itself is the rows, or one row. What is cut short
/// counts as far as it goes.
pub fn rows_at(text: &[u8]) -> Option<String> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
    if text.first() != Some(&b'{') {
        return None;
    }
    let mut lists = vec![];
    let mut parser = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let first = parser.next();
    // Objects one after the other are rows.
    if matches!(first, Some(Ok(_))) && parser.next().is_some() {
        return None;
    }
    // Where it is cut short, the lists so far are there all the same.
    let _ =
        JsonLists { path: &mut vec![], lists: &mut lists }.deserialize(&mut serde_json::Deserializer::from_slice(text));
    lists.into_iter().filter(|(_, rows)| *rows > 0).max_by_key(|(_, rows)| *rows).map(|(path, _)| path)
}

struct JsonLists<'a> {
    path: &'a mut Vec<String>,
    /// Lists with the number of their objects.
    lists: &'a mut Vec<(String, u64)>,
}

impl<'de> DeserializeSeed<'de> for JsonLists<'_> {
    type Value = bool;

    /// Whether it was an object.
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonLists<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            // A path has dots between its keys, and none in them.
            if self.path.len() == MOST_DEEP || key.contains('.') || key.is_empty() {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            self.path.push(key);
            map.next_value_seed(JsonLists { path: &mut *self.path, lists: &mut *self.lists })?;
            self.path.pop();
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<bool, A::Error> {
        let at = self.lists.len();
        self.lists.push((self.path.join("."), 0));
        // What lies in a row is no list of rows.
        let mut inside = vec![];
        while let Some(is_object) = list.next_element_seed(JsonLists { path: &mut vec![], lists: &mut inside })? {
            self.lists[at].1 += u64::from(is_object);
        }
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_list_of_objects_is_the_rows() {
        let cases = [
            (r#"[{"a": [{"b": 1}]}]"#, None),
            (r#"{"a": 1} {"a": [{"b": 1}]}"#, None),
            (r#"{"a": 1, "tags": ["x", "y"]}"#, None),
            (r#"{"links": [{}], "data": {"items": [{"a": [{}, {}, {}]}, {}], "total": 2}}"#, Some("data.items")),
            ("\u{feff} {\"meta\": {\"next\": null, \"at\": 1.5}, \"rows\": [{\"a\": 1}, {\"a\"", Some("rows")),
            (r#"{"odd.key": [{}], "": [{}]}"#, None),
        ];
        for (text, path) in cases {
            assert_eq!(rows_at(text.as_bytes()).as_deref(), path, "{text}");
        }
    }
}
