//! Hints to the memory, which have no other effect: none at all on CPUs that are not named here.
#![expect(unsafe_code, reason = "prefetches are intrinsics, or assembly")]

/// One function for each cache: its hint on x86-64, its instruction on 64-bit ARM.
macro_rules! hints {
    ($($(#[$doc:meta])* $name:ident = $hint:ident, $instruction:literal;)*) => { $(
        $(#[$doc])*
        #[inline(always)]
        pub fn $name<T>(value: &T) {
            let address = core::ptr::from_ref(value);
            #[cfg(target_arch = "x86_64")]
            {
                use core::arch::x86_64::{$hint, _mm_prefetch};
                // SAFETY: SSE is part of x86-64, and a prefetch may be given any address.
                unsafe { _mm_prefetch::<$hint>(address.cast()) }
            }
            #[cfg(target_arch = "aarch64")]
            {
                // SAFETY: a prefetch may be given any address, and changes nothing that a program can see.
                unsafe {
                    core::arch::asm!(
                        $instruction,
                        in(reg) address,
                        options(readonly, nostack, preserves_flags),
                    );
                }
            }
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            let _ = address;
        }
    )* };
}

hints! {
    /// Asks for the line where a value begins, which will be read soon.
    near = _MM_HINT_T0, "prfm pldl1keep, [{}]";
    /// Asks for that line to be brought to the second-level cache, to be read before long.
    far = _MM_HINT_T1, "prfm pldl2keep, [{}]";
}
