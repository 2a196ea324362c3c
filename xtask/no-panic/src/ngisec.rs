//! `ngisec-wire`.

use core::time::Duration;

use ip_wire::{FlowKey, PacketBuf};
use ngisec_wire::{Form, Observation, Receiver, ReverseNat, Sender};

type Packet<'a> = PacketBuf<&'a mut [u8]>;

entry_points! {
    ngisec_wrap(form: Form, packet: &mut Packet<'_>) { form.wrap(packet).is_ok() }
    ngisec_unwrap(form: Form, packet: &mut Packet<'_>) { form.unwrap(packet).is_ok() }
    ngisec_seal(sender: &mut Sender, now: Duration, packet: &mut Packet<'_>) { sender.seal(now, packet).is_ok() }
    ngisec_open(receiver: &mut Receiver, now: Duration, packet: &mut Packet<'_>) { receiver.open(now, packet).is_ok() }
    ngisec_learn(table: &mut ReverseNat, now: Duration, observation: &Observation) { table.learn(now, observation).is_ok() }
    ngisec_inner_of(table: &mut ReverseNat, now: Duration, key: &FlowKey) { table.pairs_mut().inner_of(now, key) }
}
