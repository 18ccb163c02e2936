//! Laws: the same operation on two backends must give the same bits.
