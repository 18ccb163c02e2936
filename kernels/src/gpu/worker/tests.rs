//! A worker that is a thread, with a device made of twins.

use std::io::{self, Cursor};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

use rayon::prelude::*;

use super::message::{Reply, Request, WORDS_MAX, receive, receive_words};
use super::{Start, Worker, WorkerDevice, work};
use crate::backend::{Backend, BackendKind, Binary, FieldOps};
use crate::check::{Kernel, cases, naive, run};
use crate::error::Error;
use crate::field::Goldilocks;
use crate::gpu::twin::{Fault, TwinDevice};
use crate::gpu::{Device, Gpu, Limits};
use crate::traits::Field;

struct Thread(Option<JoinHandle<io::Result<()>>>);

impl Worker for Thread {
    fn end(&mut self) -> String {
        let ended = self.0.take().map(JoinHandle::join);
        format!("{ended:?}")
    }
}

fn on_thread(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> Box<dyn Worker> {
    Box::new(Thread(Some(thread::spawn(work))))
}

/// Workers that all have this device. It opens itself again: whoever starts a worker finds it well.
fn workers_of(twin: &TwinDevice) -> Box<Start> {
    let twin = twin.clone();
    Box::new(move |stream, _| {
        let twin = twin.clone();
        Ok(on_thread(move || work(|| Ok(Gpu::new(twin)), stream)))
    })
}

fn device_of(twin: &TwinDevice) -> WorkerDevice {
    WorkerDevice::open(BackendKind::Cuda, workers_of(twin)).unwrap()
}

#[test]
fn laws_hold_by_way_of_a_worker() {
    let gpu = Gpu::new(device_of(&TwinDevice::small())).into();
    for kernel in Kernel::ALL {
        for case in cases(kernel, &[0, 1, 33], 1) {
            run(&gpu, naive(), &case).unwrap();
        }
    }
}

#[test]
fn words_come_whole_from_many_threads() {
    let twin = TwinDevice::small();
    let gpu = Gpu::new(device_of(&twin));
    let words: Vec<u64> = (0..2 * WORDS_MAX as u64 + 7).collect();
    assert!(gpu.download(&gpu.upload(&words).unwrap()).unwrap() == words);
    (0..64u64).into_par_iter().for_each(|i| {
        let values: Vec<Goldilocks> = (0..5_000).map(|j| Goldilocks::from(i * j)).collect();
        let mut buffer = gpu.upload(&values).unwrap();
        gpu.map_scalar(Binary::Add, &mut buffer, Goldilocks::ONE).unwrap();
        let expected: Vec<Goldilocks> = values.iter().map(|&v| v + Goldilocks::ONE).collect();
        assert_eq!(gpu.download(&buffer).unwrap(), expected);
    });
    // And what was dropped is freed, before the next answer.
    drop(gpu.upload(&words).unwrap());
    drop(gpu);
    assert_eq!(twin.used_bytes(), 0);
}

#[test]
fn want_of_memory_is_told_as_it_is() {
    let twin = TwinDevice::with_memory(1 << 16);
    let (near, far) = (Gpu::new(twin.clone()), Gpu::new(device_of(&twin)));
    let kept = far.zeros::<u64>(1 << 12).unwrap();
    let refused = |gpu: &Gpu| gpu.zeros::<u64>(1 << 13).map(drop).unwrap_err();
    assert_eq!(refused(&far), refused(&near));
    assert!(matches!(refused(&far), Error::OutOfMemory { needed: 65_536, available: 32_768, .. }));
    assert_eq!(far.download(&kept).unwrap(), [0; 1 << 12]);
}

/// Whenever it is lost: at an allocation, a transfer, a launch whose answer somebody waits for, or one without.
#[test]
fn a_lost_device_is_opened_again_by_another_worker() {
    for step in 0..6 {
        let twin = TwinDevice::small();
        let gpu = Gpu::new(device_of(&twin));
        let sums = |gpu: &Gpu| {
            let mut a = gpu.upload(&[Goldilocks::ONE; 40])?;
            gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE)?;
            gpu.map_scalar(Binary::Add, &mut a, Goldilocks::ONE)?;
            gpu.download(&a)
        };
        let before = gpu.upload(&[3u64]).unwrap();
        twin.fail(step, Fault::DeviceLost);
        match sums(&gpu) {
            Err(Error::DeviceLost { reason, .. }) => {
                assert!(reason.contains("injected"), "{reason}");
            }
            other => assert!(step >= 5 && other.is_ok(), "step {step}: {other:?}"),
        }
        if step < 5 {
            assert_eq!(gpu.download(&before), Err(Error::ForeignBuffer), "step {step}");
            assert_eq!(sums(&gpu).unwrap(), [Goldilocks::from(3u64); 40]);
        }
    }
}

#[test]
fn whoever_waits_is_told_that_it_is_lost() {
    let twin = TwinDevice::small();
    let gpu = Gpu::new(device_of(&twin));
    let buffers: Vec<_> = (0..32u64).map(|i| gpu.upload(&[i; 100]).unwrap()).collect();
    twin.fail(40, Fault::DeviceLost);
    thread::scope(|scope| {
        for buffer in &buffers {
            scope.spawn(|| while gpu.download(buffer).is_ok() {});
        }
    });
    assert!(gpu.upload(&[1u64]).is_ok());
}

#[test]
fn a_device_that_is_not_there_is_said_so() {
    let none = || Error::Unavailable { backend: BackendKind::Wgpu, reason: "no such".to_owned() };
    let refuses: Box<Start> =
        Box::new(move |stream, _| Ok(on_thread(move || work(|| Err(none()), stream))));
    assert_eq!(WorkerDevice::open(BackendKind::Cuda, refuses).map(drop), Err(none()));
    let start: [Box<Start>; 2] = [
        Box::new(|_, _| Err(io::Error::other("no room for a process"))),
        Box::new(|stream, _| {
            Ok(on_thread(move || {
                drop(stream);
                Ok(())
            }))
        }),
    ];
    for (start, reason) in start.into_iter().zip(["no room for a process", "that had it ended"]) {
        let error = WorkerDevice::open(BackendKind::Cuda, start).map(drop).unwrap_err();
        assert!(matches!(error, Error::Unavailable { backend: BackendKind::Cuda, .. }));
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn another_device_in_its_place_is_not_taken() {
    let limits = Limits { workgroup: 64, ..TwinDevice::small().limits() };
    let twins = [TwinDevice::small(), TwinDevice::new(limits, 1 << 20)];
    let (first, started) = (twins[0].clone(), Arc::new(AtomicUsize::new(0)));
    let start: Box<Start> = Box::new(move |stream, kind| {
        let twin = twins[started.fetch_add(1, Ordering::Relaxed).min(1)].clone();
        workers_of(&twin)(stream, kind)
    });
    let device = WorkerDevice::open(BackendKind::Cuda, start).unwrap();
    first.fail(0, Fault::DeviceLost);
    assert!(matches!(device.allocate(1), Err(Error::DeviceLost { .. })));
    let error = device.allocate(1).map(drop).unwrap_err().to_string();
    assert!(error.contains("another device"), "{error}");
}

/// Whoever asks without rules is answered nothing.
#[test]
fn what_makes_no_sense_ends_the_work() {
    use std::io::Write;
    let requests: [&[u8]; 3] = [&[0xff; 64], &[1, 0, 0, 0, 0xff], &[2, 0, 0, 0, 2, 9, 0, 0]];
    for request in requests {
        let (mut own, others) = UnixStream::pair().unwrap();
        own.write_all(request).unwrap();
        own.shutdown(std::net::Shutdown::Write).unwrap();
        let _ = work(|| Ok(Gpu::new(TwinDevice::small())), others);
        assert!(matches!(receive(&own).unwrap(), Reply::Opened { .. }));
        assert!(receive::<Reply>(&own).is_err());
    }
    let (own, others) = UnixStream::pair().unwrap();
    super::message::send(&own, &Request::Read { memory: 9, from: 0, words: 1 }, &[]).unwrap();
    work(|| Ok(Gpu::new(TwinDevice::small())), others).unwrap();
    assert!(matches!(receive(&own).unwrap(), Reply::Opened { .. }));
    assert!(matches!(receive(&own).unwrap(), Reply::Failed(_)));
}

#[test]
fn lengths_are_looked_at_before_there_is_room_for_them() {
    let too_long = receive::<Reply>(Cursor::new([0xff; 8])).unwrap_err();
    assert!(too_long.to_string().contains("4294967295 bytes"), "{too_long}");
    let too_long = receive_words(io::empty(), usize::MAX).unwrap_err();
    assert!(too_long.to_string().contains("at most 524288"), "{too_long}");
}
