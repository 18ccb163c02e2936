pragma circom 2.0.0;

// Sixty-four public squares of secret values.
template Many(n) {
    signal input root[n];
    signal output square[n];
    for (var i = 0; i < n; i++) {
        square[i] <== root[i] * root[i];
    }
}

component main = Many(64);
