//! The device itself: memory, errors, loss.

use pulseproof_kernels::error::Error;
use pulseproof_kernels::field::FieldId;
use pulseproof_kernels::gpu::{Device, Launch, Unit};
use pulseproof_kernels::source::wgsl;
use pulseproof_kernels::wgpu::{Options, WgpuDevice, probe};

use super::common::{download, plain, upload};

/// Another device on the same adapter.
fn open(like: &WgpuDevice, memory_bytes_max: Option<u64>) -> WgpuDevice {
    let without_u64 = !like.description().has_u64;
    WgpuDevice::new(&Options { software: true, without_u64, memory_bytes_max }).unwrap()
}

/// a += a for one element of the 50-bit field.
fn double(device: &WgpuDevice, a: u64) -> Result<u64, Error> {
    let (a, b) = (device.allocate(1).map(|_| upload(device, &[a]))?, upload(device, &[a]));
    let unit = Unit::Vector(FieldId::Prime50);
    let parameters = &[1, 1, 0];
    let launch = Launch {
        unit,
        entry: "vector_map",
        groups: 1,
        shared_bytes: 0,
        buffers: &[&a, &b],
        parameters,
    };
    device.launch(&launch)?;
    Ok(download::<u64>(device, &a, 1)[0])
}

fn software_is_used_only_if_asked_for(_: &WgpuDevice) {
    for found in probe(&Options::default()) {
        assert_eq!(found.unusable.is_some(), found.device_type == "software", "{found}");
        assert!(!found.name.is_empty() && found.limits.workgroup >= 32);
    }
    for found in probe(&Options { software: true, ..Options::default() }) {
        assert_eq!(found.unusable, None);
    }
}

fn memory_is_zeroed_and_moves_in_parts(like: &WgpuDevice) {
    let device = open(like, None);
    // More than two parts of a transfer.
    let len = 1_300_007;
    let memory = device.allocate(len).unwrap();
    assert!(download::<u64>(&device, &memory, len).iter().all(|&word| word == 0));
    let words: Vec<u64> = (0..len as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
    let source = upload(&device, &words);
    device.copy(&source, 5..len - 5, &memory, 3).unwrap();
    let got: Vec<u64> = download(&device, &memory, len);
    assert_eq!(got[3..len - 7], words[5..len - 5]);
    assert_eq!(got[len - 7..], [0; 7]);
    device.write(&memory, 1, 2, &mut |_, part| part.fill(9)).unwrap();
    assert_eq!(download::<u64>(&device, &memory, 4), [0, 9, 9, words[5]]);
}

fn ranges_outside_of_memory_are_refused(like: &WgpuDevice) {
    let device = open(like, None);
    let (a, b) = (device.allocate(4).unwrap(), device.allocate(4).unwrap());
    let refused = |result| assert!(matches!(result, Err(Error::Length { .. })), "{result:?}");
    refused(device.copy(&a, 0..5, &b, 0));
    refused(device.copy(&a, 0..4, &b, 1));
    refused(device.read(&a, 3..5, &mut |_, _| panic!("nothing to drain")));
    refused(device.write(&a, usize::MAX, 2, &mut |_, _| panic!("nothing to fill")));
    assert_eq!(double(&device, 21), Ok(42));
}

fn too_much_memory_is_refused(like: &WgpuDevice) {
    let device = open(like, Some(1 << 20));
    let before = device.available_bytes(&[]).unwrap();
    assert_eq!(before, 1 << 20);
    let some = device.allocate(1 << 16).unwrap();
    assert_eq!(device.available_bytes(&[]).unwrap(), 1 << 19);
    match device.allocate(1 << 17) {
        Err(Error::OutOfMemory { needed, available, .. }) => {
            assert_eq!((needed, available), (1 << 20, 1 << 19));
        }
        other => panic!("{other:?}"),
    }
    drop(some);
    assert_eq!(device.available_bytes(&[]).unwrap(), before);
    assert_eq!(double(&device, 4), Ok(8));

    // Beyond what any kernel could be given, and beyond what can be counted.
    let device = open(like, Some(u64::MAX));
    let limit = usize::try_from(device.limits().allocation_bytes_max / 8).unwrap();
    for words in [limit + 1, usize::MAX] {
        assert!(matches!(device.allocate(words), Err(Error::OutOfMemory { .. })));
    }
    // As much as the adapter's limits allow, more than there is: refused at some point, and the device
    // still works.
    let mut taken = Vec::new();
    let error = loop {
        match device.allocate(limit) {
            Ok(memory) if taken.len() < 4 => taken.push(memory),
            Ok(_) => break None,
            Err(error) => break Some(error),
        }
    };
    assert!(matches!(error, None | Some(Error::OutOfMemory { .. })), "{error:?}");
    drop(taken);
    assert_eq!(double(&device, 5), Ok(10));
}

fn a_lost_device_opens_again(like: &WgpuDevice) {
    let device = open(like, None);
    let generation = device.generation();
    let old = upload(&device, &[1u64, 2]);
    assert_eq!(double(&device, 1), Ok(2));

    device.lose();
    let lost = |result| assert!(matches!(result, Err(Error::DeviceLost { .. })), "{result:?}");
    lost(device.read(&old, 0..1, &mut |_, _| panic!("nothing to drain")));
    lost(device.synchronize());
    assert_eq!(device.generation(), generation);

    assert_eq!(double(&device, 3), Ok(6));
    assert_eq!(device.generation(), generation + 1);
    let read = device.read(&old, 0..1, &mut |_, _| panic!("nothing to drain"));
    assert_eq!(read, Err(Error::ForeignBuffer));

    // Lost again, with work recorded, and first noticed by an allocation.
    let recorded = upload(&device, &[4u64]);
    device.copy(&recorded, 0..1, &upload(&device, &[0u64]), 0).unwrap();
    device.lose();
    lost(device.allocate(1).map(drop));
    assert_eq!(double(&device, 5), Ok(10));
    assert_eq!(device.generation(), generation + 2);
}

fn defects_of_ours_become_errors(like: &WgpuDevice) {
    let device = open(like, None);
    let a = device.allocate(1).unwrap();
    let launch = |entry, buffers: &[_], groups, parameters: &[u32]| {
        let unit = Unit::Vector(FieldId::Prime50);
        device.launch(&Launch { unit, entry, groups, shared_bytes: 0, buffers, parameters })
    };
    let unknown = launch("no_such_kernel", &[], 1, &[]);
    assert!(matches!(unknown, Err(Error::Compile { .. })), "{unknown:?}");
    let many = launch("vector_map", &[&a], 1, &[0; 33]);
    assert!(matches!(many, Err(Error::Argument { .. })), "{many:?}");
    let large = launch("vector_map", &[&a], 1 << 40, &[]);
    assert!(matches!(large, Err(Error::Argument { .. })), "{large:?}");
    // A buffer too few: noticed by wgpu, and whatever the device did is lost.
    let few = launch("vector_map", &[&a], 1, &[]);
    assert!(matches!(few, Err(Error::DeviceLost { .. })), "{few:?}");
    assert_eq!(double(&device, 7), Ok(14));
}

fn every_source_is_assembled(device: &WgpuDevice) {
    for unit in Unit::all() {
        for has_u64 in [false, true] {
            let source = wgsl(unit, device.limits(), has_u64);
            assert_eq!(source.contains("u64("), has_u64 && unit != Unit::Sort);
            assert!(!source.contains(['#', '$']), "{unit}");
        }
    }
}

plain!(
    "device": software_is_used_only_if_asked_for, memory_is_zeroed_and_moves_in_parts,
    ranges_outside_of_memory_are_refused, too_much_memory_is_refused, a_lost_device_opens_again,
    defects_of_ours_become_errors, every_source_is_assembled,
);
