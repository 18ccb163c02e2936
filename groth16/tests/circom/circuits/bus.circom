pragma circom 2.2.0;

bus Point() {
    signal x;
    signal y[2];
}

// Fields of buses are inputs too.
template Buses() {
    input Point() p;
    input Point() list[2];
    signal output sum;
    sum <== p.x * p.y[0] + p.y[1] + 10 * list[0].x + 100 * list[1].y[1] + list[0].y[0] + list[0].y[1] + list[1].x + list[1].y[0];
}

component main = Buses();
