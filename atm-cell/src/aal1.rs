//! AAL type 1: the SAR-PDU header (I.363.1).
