//! Reasons without the numbers of the one packet: there are not many of them.

/// Of a packet that can't be read.
pub(super) fn ip(error: &ip_wire::Error) -> String {
    use ip_wire::Error as E;
    match error {
        E::NotReassembled { .. } => "fragment".into(),
        E::Checksum { field, .. } => format!("wrong: {field}"),
        E::LengthBeyondBuffer { field, .. } => format!("cut short: {field}"),
        E::DoesNotFit { .. } | E::FragmentationNeeded { .. } => "too long".into(),
        other => format!("malformed: {}", other.field()),
    }
}

/// Of an association.
pub(super) fn ipsec(error: &ipsec_wire::Error) -> String {
    use ipsec_wire::Error as E;
    match error {
        E::Ip(error) => ip(error),
        E::NotReassembled { .. } => "fragment".into(),
        E::DoesNotFit { .. } | E::FragmentationNeeded { .. } => "too long".into(),
        E::Replayed { .. } => "replayed".into(),
        other => other.field().map_or_else(|| other.to_string(), |field| field.to_string()),
    }
}

/// Of LLPF.
pub(super) fn llpf(error: &llpf_wire::Error) -> String {
    match error {
        llpf_wire::Error::Ip(error) => ip(error),
        llpf_wire::Error::DoesNotFit { .. } => "too long".into(),
        other => crate::llpf::kind(other),
    }
}

/// Of NGISec.
pub(super) fn ngisec(error: &ngisec_wire::Error) -> String {
    use ngisec_wire::Error as E;
    match error {
        E::Ipsec(error) => ipsec(error),
        E::NotReassembled => "fragment".into(),
        E::Transport(_) => "neither TCP nor UDP".into(),
        E::TooLong { .. } => "too long".into(),
        other => other.field().map_or_else(|| other.to_string(), |field| field.to_string()),
    }
}
