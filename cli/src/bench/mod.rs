//! What is measured. `pulseproof bench` prints it; the criterion benches run the same bodies.

pub mod wsa;
