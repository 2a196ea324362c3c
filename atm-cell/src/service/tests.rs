use super::*;

#[test]
fn the_classes_are_those_of_table_1() {
    use AalType::{Aal1, Aal2, Aal5, Aal34};
    use BitRate::{Constant, Variable};
    use ConnectionMode::{Connectionless, Oriented};
    use Timing::{NotRequired, Required};
    let table: [(Timing, BitRate, ConnectionMode, &[AalType]); 4] = [
        (Required, Constant, Oriented, &[Aal1]),
        (Required, Variable, Oriented, &[Aal2]),
        (NotRequired, Variable, Oriented, &[Aal34, Aal5]),
        (NotRequired, Variable, Connectionless, &[Aal34, Aal5]),
    ];
    for (class, row) in ServiceClass::ALL.into_iter().zip(table) {
        assert_eq!((class.timing(), class.bit_rate(), class.connection_mode(), class.aal_types()), row);
    }
    assert_eq!(ServiceClass::ALL, [ServiceClass::A, ServiceClass::B, ServiceClass::C, ServiceClass::D]);
}

#[test]
fn the_layers_have_the_functions_of_table_2_each_in_one_sublayer() {
    use Function as F;
    let table: [(Layer, &[Function]); 6] = [
        (Layer::Higher, &[F::HigherLayer]),
        (Layer::Adaptation, &[F::Convergence]),
        (Layer::Adaptation, &[F::SegmentationAndReassembly]),
        (Layer::Atm, &[F::GenericFlowControl, F::CellHeader, F::IdentifierTranslation, F::CellMultiplexing]),
        (
            Layer::Physical,
            &[F::CellRateDecoupling, F::HeaderErrorControl, F::CellDelineation, F::FrameAdaptation, F::FrameGeneration],
        ),
        (Layer::Physical, &[F::BitTiming, F::PhysicalMedium]),
    ];
    for (sublayer, row) in Sublayer::ALL.into_iter().zip(table) {
        assert_eq!((sublayer.layer(), sublayer.functions()), row);
    }
}
