pragma circom 2.0.0;

// Nothing is public: somebody knows a factor of 391 between 1 and itself.
template Secret() {
    signal input p;
    signal input q;
    signal inverse;
    p * q === 391;
    inverse <-- 1 / ((p - 1) * (q - 1));
    signal product;
    product <== (p - 1) * (q - 1);
    inverse * product === 1;
}

component main = Secret();
