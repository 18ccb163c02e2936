// Field elements in parameters.

// The element whose words start at p[at].
fn p_fp(at: u32) -> Fp {
    var a: Fp;
#for j in 0..LIMBS
    a[$j] = p(at + $j);
#end
    return a;
}
