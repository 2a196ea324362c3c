//! Service classes of the adaptation layer and functions of the layers.
