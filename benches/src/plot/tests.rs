use super::{Printed, bars, curves, markdown, nanoseconds};

const ROWS: &str = r#"
{"group":"headers","work":"size of a view","ours_octets":32.000,"peer":"budget","peer_octets":32.000,"ratio":1.000,"budget":1.000,"met":true}
{"group":"headers","work":"five-tuple","ours_ns":4.500,"peer":"etherparse","peer_ns":9.000,"ratio":2.000,"budget":4.500,"met":false}
{"group":"headers","work":"five-tuple","ours_ns":4.500,"peer":"smoltcp","peer_ns":6.000,"ratio":1.333,"budget":0.000,"met":true}
{"group":"ngisec","work":"gateway","ours_ns":20.000,"peer":"tunnel","peer_ns":400.000,"ratio":20.000,"budget":10.000,"met":true}
"#;

#[test]
fn rows_are_read_with_their_unit_and_a_budget_of_0_is_none() {
    let rows = Printed::read(ROWS).unwrap();
    let of = |row: &Printed| (row.unit, row.ours, row.theirs, row.budget, row.met);
    assert_eq!(
        rows.iter().map(of).collect::<Vec<_>>(),
        [
            ("octets", 32.0, 32.0, Some(1.0), true),
            ("ns", 4.5, 9.0, Some(4.5), false),
            ("ns", 4.5, 6.0, None, true),
            ("ns", 20.0, 400.0, Some(10.0), true),
        ]
    );
}

#[test]
fn a_line_that_is_no_row_is_named() {
    assert_eq!(Printed::read("\n{}\n"), Err("line 2: not a row of the table".to_owned()));
    let truncated = ROWS.trim().lines().next().unwrap().replace("true}", "true");
    assert_eq!(Printed::read(&truncated), Err("line 1: not a row of the table".to_owned()));
}

#[test]
fn the_table_counts_budgets_a_group_and_does_not_repeat_a_work_item() {
    let table = markdown(&Printed::read(ROWS).unwrap());
    assert!(table.contains("### headers\n\n1 of 2 budgets met.\n"));
    assert!(table.contains("### ngisec\n\n1 of 1 budgets met.\n"));
    assert!(table.contains("| size of a view | 32 octets | budget | 32 octets | 1.00 | 1.00 | yes |\n"));
    assert!(
        table.contains(
            "| five-tuple | 4.50 | etherparse | 9.00 | 2.00 | 4.50 | **NO** |\n|  |  | smoltcp | 6.00 | 1.33 |  |  |\n"
        )
    );
}

#[test]
fn a_picture_names_what_the_run_lacks() {
    let rows = Printed::read(ROWS).unwrap();
    assert!(bars(&rows).unwrap_err().contains("ipv4 parse"));
    assert_eq!(curves(&rows), Err("the run has no curve `SAD, own SPI`".to_owned()));
}

#[test]
fn times_have_few_digits() {
    assert_eq!([1.26, 9.96, 12.3, 9999.0, 123_456.0].map(nanoseconds), ["1.3", "10.0", "12", "9999", "123 us"]);
}
