//! The repository's own copy of the recordings: it is there, whole, and what it was made from.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    missing_docs,
    reason = "tests fail by panicking"
)]

use std::collections::BTreeMap;

use interop::{data, skipped};
use serde_json::Value;

#[test]
fn the_copy_in_the_repository_has_thousands_of_packets() {
    let files = data::packed();
    let count = |folder: &str, list: &str| -> usize {
        let of_folder = files.iter().filter(|(name, _)| name.starts_with(folder));
        of_folder.map(|(_, content)| serde_json::from_str::<Value>(content).unwrap()[list].as_array().map_or(0, Vec::len)).sum()
    };
    assert!(count("golden/", "packets") > 8000);
    assert!(count("vectors/", "vectors") > 300);
}

#[test]
fn the_copy_in_the_repository_is_that_of_the_folder() {
    let Ok(originals) = data::originals() else {
        return skipped("the_copy_in_the_repository_is_that_of_the_folder", "there is no folder to compare with");
    };
    let json = |text: &String| serde_json::from_str::<Value>(text).unwrap();
    let packed = data::packed();
    for (name, original) in &originals {
        // A folder may have recordings that the copy has not.
        if let Some(copy) = packed.get(name) {
            assert!(json(copy) == json(original), "{name}");
        }
    }
    assert!(packed.keys().filter(|name| originals.contains_key(*name)).count() > 100);
}

#[test]
fn packing_and_unpacking_changes_nothing_and_damage_is_an_error() {
    let files = BTreeMap::from([("a/b.json".to_owned(), r#"{"packets":[1,2]}"#.to_owned()), ("c".to_owned(), "[]".to_owned())]);
    let mut packed = Vec::new();
    data::pack(&files, &mut packed).unwrap();
    assert_eq!(data::unpack(&packed).unwrap(), files);
    let mut again = Vec::new();
    data::pack(&files, &mut again).unwrap();
    assert_eq!(again, packed);
    packed.truncate(packed.len() - 9);
    assert!(data::unpack(&packed).is_err());
    assert!(data::pack(&BTreeMap::from([("x".to_owned(), "{".to_owned())]), Vec::new()).is_err());
}
