// Steps: an operation, the register for its result, the registers of its operands.

const MUL = 0u;
const ADD = 1u;
const SUB = 2u;
