use ipsec_wire::Error;
use ipsec_wire::import::{esp_sa, xfrm};

/// An error names a place inside the text and prints as a sentence.
fn check(error: &Error, text: &str) {
    let Error::Text { line, offset, .. } = error else { panic!("{error:?} is not about a text") };
    assert!(text.is_char_boundary(*offset as usize), "{error:?}");
    assert!((1..=text.split('\n').count()).contains(&(*line as usize)), "{error:?}");
    assert!(!error.to_string().is_empty());
}

/// Texts of other tools are read to their end, whatever they are; what is read fits what it is for.
pub fn xfrm_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut records = 0;
    for state in xfrm::states(&text) {
        records += 1;
        match state {
            Err(error) => check(&error, &text),
            Ok(state) => {
                if let Some(replay) = &state.replay {
                    let size = replay.size.unwrap_or(32);
                    assert!(replay.bitmap.len() <= size.div_ceil(64) as usize, "a bitmap wider than its window");
                }
                if let Some(selector) = &state.selector {
                    assert!(selector.selectors(true).is_ok() && selector.selectors(false).is_ok());
                }
            }
        }
    }
    for policy in xfrm::policies(&text) {
        records += 1;
        match policy {
            Err(error) => check(&error, &text),
            Ok(policy) => {
                if let Ok(entry) = policy.entry(()) {
                    assert_eq!(entry.selectors.len(), 1);
                }
            }
        }
    }
    for record in esp_sa::records(&text) {
        records += 1;
        match record {
            Err(error) => check(&error, &text),
            Ok(record) => assert_eq!(record.spi.value & !record.spi.mask, 0),
        }
    }
    assert!(records <= 3 * (text.len() + 1), "more records than octets");
}
