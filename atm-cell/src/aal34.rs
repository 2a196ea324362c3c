//! AAL type 3/4: SAR-PDUs (I.363.3).
