pragma circom 2.0.0;
include "circomlib/circuits/poseidon.circom";
include "circomlib/circuits/mux1.circom";

// The root of a tree of Poseidon hashes that a secret leaf is in.
template Member(depth) {
    signal input leaf;
    signal input siblings[depth];
    signal input right[depth];
    signal output root;
    component order[depth];
    component hash[depth];
    for (var level = 0; level < depth; level++) {
        var below = level == 0 ? leaf : hash[level - 1].out;
        right[level] * (1 - right[level]) === 0;
        order[level] = MultiMux1(2);
        order[level].c[0][0] <== below;
        order[level].c[0][1] <== siblings[level];
        order[level].c[1][0] <== siblings[level];
        order[level].c[1][1] <== below;
        order[level].s <== right[level];
        hash[level] = Poseidon(2);
        hash[level].inputs[0] <== order[level].out[0];
        hash[level].inputs[1] <== order[level].out[1];
    }
    root <== hash[depth - 1].out;
}

component main = Member(8);
