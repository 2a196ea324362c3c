//! Many packets of one association at once: framing first, then the cryptography of all of them together.

use core::time::Duration;

use ip_wire::PacketBuf;
use subtle::ConstantTimeEq;

use super::inbound::{Arrived, Inbound, Opened};
use super::outbound::{Framed, Outbound, Sealed};
use crate::ah;
use crate::ah::coverage::End;
use crate::ah::gathered::Gathered;
use crate::algorithm::Suite;
use crate::crypto::{AhJob, Job, Transform};
use crate::error::{Error, Field, len32};
use crate::octets::put_slice;
use crate::replay::Storage;

/// How many packets go to the cryptography at once; more are taken in turn.
pub const BATCH: usize = 32;

impl<T: Transform> Outbound<T> {
    /// Protects `packets`, one result each, as [`Outbound::seal`] would one by one. A packet that is refused takes no sequence number.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if there are fewer results than packets; nothing is done then.
    pub fn seal_batch<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Sealed, Error>],
    ) -> Result<(), Error> {
        check_results(packets.len(), results.len())?;
        for (packets, results) in packets.chunks_mut(BATCH).zip(results.chunks_mut(BATCH)) {
            if matches!(self.params.suite, Suite::Ah(_)) {
                let mut framed = [None; BATCH];
                for ((packet, result), framed) in packets.iter_mut().zip(results.iter_mut()).zip(&mut framed) {
                    *result = self.frame(now, packet, None, None).map(|frame| {
                        *framed = Some(frame);
                        frame.sealed
                    });
                }
                self.seal_ah(packets, results, &framed);
                continue;
            }
            // Where the packets are that want a checksum behind the cryptography.
            let checksums = self.params.encapsulation.is_some_and(|encapsulation| encapsulation.ipv6_checksum);
            let mut places = [None; BATCH];
            let mut jobs: [Job<'_>; BATCH] = core::array::from_fn(|_| Job::default());
            let mut count = 0usize;
            for ((packet, result), place) in packets.iter_mut().zip(results.iter_mut()).zip(&mut places) {
                match self.frame(now, packet, None, None) {
                    Ok(Framed { at, sealed }) => {
                        if let Some(job) = jobs.get_mut(count) {
                            let esp = packet.octets_mut().get_mut(at..).unwrap_or_default();
                            *job = Job::new(esp, self.params.esn_high(sealed.sequence));
                            count = count.saturating_add(1);
                        }
                        if checksums {
                            *place = Some(at);
                        }
                        *result = Ok(sealed);
                    }
                    Err(error) => *result = Err(error),
                }
            }
            self.transform.seal_batch(jobs.get_mut(..count).unwrap_or_default());
            if checksums {
                for (packet, place) in packets.iter_mut().zip(&places) {
                    if let Some(at) = place {
                        self.fill_checksum(packet.octets_mut(), *at)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The ICVs of all packets at once; one whose headers are longer than there is room for goes alone.
    fn seal_ah<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Sealed, Error>],
        framed: &[Option<Framed>; BATCH],
    ) {
        let (iv_len, icv_len) = (self.params.ah_iv_len(), self.params.suite.icv_len());
        let mut gathered = [const { Gathered::new() }; BATCH];
        let mut icvs = [[0u8; MAX_ICV_LEN]; BATCH];
        let mut jobs: [AhJob<'_>; BATCH] = core::array::from_fn(|_| AhJob::default());
        let mut count = 0usize;
        let mut whole = [false; BATCH];
        for ((((packet, framed), gathered), icv), whole) in
            packets.iter().zip(framed).zip(&mut gathered).zip(&mut icvs).zip(&mut whole)
        {
            let Some(Framed { at, sealed }) = framed else { continue };
            let (octets, high) = (packet.octets(), self.params.esn_high(sealed.sequence));
            let gathers = gathered.gather(octets, *at, (iv_len, icv_len), high, End::Sender);
            if let (Ok(true), Some(job), Some(icv)) = (gathers, jobs.get_mut(count), icv.get_mut(..icv_len)) {
                put_slice(icv, 0, icv_of(octets, *at, iv_len));
                *job = AhJob { pieces: gathered.pieces(octets, *at, icv_len), icv };
                count = count.saturating_add(1);
                *whole = true;
            }
        }
        self.transform.ah_icv_batch(jobs.get_mut(..count).unwrap_or_default());
        let done = packets.iter_mut().zip(results).zip(framed).zip(whole.iter().zip(&icvs));
        for (((packet, result), framed), (whole, icv)) in done {
            let Some(Framed { at, sealed }) = framed else { continue };
            if *whole {
                let from = at.saturating_add(ah::FIXED_LEN);
                put_slice(packet.octets_mut(), from, icv.get(..icv_len).unwrap_or(&[]));
            } else if let Err(error) = self.protect_ah(packet.octets_mut(), *at, sealed.sequence) {
                *result = Err(error);
            }
        }
    }
}

/// Octets of the longest ICV.
const MAX_ICV_LEN: usize = 64;

/// The first `len` octets behind the fixed part of the AH that starts `at` octets in.
fn icv_of(octets: &[u8], at: usize, len: usize) -> &[u8] {
    let from = at.saturating_add(ah::FIXED_LEN);
    octets.get(from..from.saturating_add(len)).unwrap_or(&[])
}

impl<T: Transform, W: Storage> Inbound<T, W> {
    /// Opens `packets`, one result each, as [`Inbound::open`] would one by one: of two copies of a packet in one batch the first is accepted.
    ///
    /// # Errors
    /// [`Error::BufferTooSmall`] if there are fewer results than packets; nothing is done then.
    pub fn open_batch<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        now: Duration,
        packets: &mut [PacketBuf<S>],
        results: &mut [Result<Opened, Error>],
    ) -> Result<(), Error> {
        check_results(packets.len(), results.len())?;
        for (packets, results) in packets.chunks_mut(BATCH).zip(results.chunks_mut(BATCH)) {
            let mut arrived: [Option<(Arrived, bool)>; BATCH] = [None; BATCH];
            for ((packet, result), arrived) in packets.iter_mut().zip(results.iter_mut()).zip(&mut arrived) {
                match self.arrive(now, packet.octets()) {
                    Ok(arrival) => *arrived = Some((arrival, false)),
                    Err(error) => *result = Err(error),
                }
            }
            if matches!(self.params.suite, Suite::Ah(_)) {
                self.open_ah(packets, results, &mut arrived);
            } else {
                self.open_jobs(packets, &mut arrived);
            }
            for ((packet, result), arrived) in packets.iter_mut().zip(results.iter_mut()).zip(&arrived) {
                if let Some((arrival, authentic)) = arrived {
                    *result = self.finish(now, packet, arrival, *authentic);
                }
            }
        }
        Ok(())
    }

    /// The ICVs of all packets at once; one whose headers are longer than there is room for goes alone.
    fn open_ah<S: AsRef<[u8]> + AsMut<[u8]>>(
        &mut self,
        packets: &[PacketBuf<S>],
        results: &mut [Result<Opened, Error>],
        arrived: &mut [Option<(Arrived, bool)>; BATCH],
    ) {
        let (iv_len, icv_len) = (self.params.ah_iv_len(), self.params.suite.icv_len());
        let mut gathered = [const { Gathered::new() }; BATCH];
        let mut icvs = [[0u8; MAX_ICV_LEN]; BATCH];
        let mut jobs: [AhJob<'_>; BATCH] = core::array::from_fn(|_| AhJob::default());
        let mut count = 0usize;
        let mut whole = [false; BATCH];
        for ((((packet, slot), gathered), icv), whole) in
            packets.iter().zip(arrived.iter()).zip(&mut gathered).zip(&mut icvs).zip(&mut whole)
        {
            let Some((arrival, _)) = slot else { continue };
            let octets = packet.octets().get(..arrival.end).unwrap_or(&[]);
            let high = self.params.esn_high(arrival.sequence);
            let gathers = gathered.gather(octets, arrival.at, (iv_len, icv_len), high, End::Receiver);
            if let (Ok(true), Some(job), Some(icv)) = (gathers, jobs.get_mut(count), icv.get_mut(..icv_len)) {
                put_slice(icv, 0, icv_of(octets, arrival.at, iv_len));
                *job = AhJob { pieces: gathered.pieces(octets, arrival.at, icv_len), icv };
                count = count.saturating_add(1);
                *whole = true;
            }
        }
        self.transform.ah_icv_batch(jobs.get_mut(..count).unwrap_or_default());
        let done = packets.iter().zip(results).zip(arrived).zip(whole.iter().zip(&icvs));
        for (((packet, result), slot), (whole, icv)) in done {
            let Some((arrival, authentic)) = slot else { continue };
            if *whole {
                let found = icv_of(packet.octets(), arrival.at, icv_len);
                *authentic = found.len() == icv_len && bool::from(icv.get(..icv_len).unwrap_or(&[]).ct_eq(found));
                continue;
            }
            match self.verify_ah(packet.octets(), arrival) {
                Ok(verdict) => *authentic = verdict,
                Err(error) => {
                    *result = Err(error);
                    *slot = None;
                }
            }
        }
    }

    fn open_jobs<S: AsRef<[u8]> + AsMut<[u8]>>(
        &self,
        packets: &mut [PacketBuf<S>],
        arrived: &mut [Option<(Arrived, bool)>; BATCH],
    ) {
        let mut jobs: [Job<'_>; BATCH] = core::array::from_fn(|_| Job::default());
        let mut count = 0usize;
        for (packet, arrived) in packets.iter_mut().zip(arrived.iter()) {
            if let (Some((arrival, _)), Some(job)) = (arrived, jobs.get_mut(count)) {
                let esp = packet.octets_mut().get_mut(arrival.at..arrival.end).unwrap_or_default();
                *job = Job::new(esp, self.params.esn_high(arrival.sequence));
                count = count.saturating_add(1);
            }
        }
        self.transform.open_batch(jobs.get_mut(..count).unwrap_or_default());
        for (slot, job) in arrived.iter_mut().flatten().zip(&jobs) {
            slot.1 = job.authentic;
        }
    }
}

fn check_results(packets: usize, results: usize) -> Result<(), Error> {
    if results >= packets {
        return Ok(());
    }
    Err(Error::BufferTooSmall { field: Field::Results, found: len32(results), needed: len32(packets) })
}
