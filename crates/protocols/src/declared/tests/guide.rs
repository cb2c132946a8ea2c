//! The example in `docs/protocols.md` is what it says it is.

use super::read_with;

#[test]
fn the_example_of_the_guide_is_read_as_it_says() {
    let guide = include_str!("../../../../../docs/protocols.md");
    let block = |kind: &str| {
        let (_, rest) = guide.split_once(&format!("```{kind}\n")).unwrap();
        rest.split_once("\n```").unwrap().0
    };
    let (_, rest) = guide.split_once("The message `").unwrap();
    let (message, _) = rest.split_once('`').unwrap();
    let message = message.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap());
    let message = message.collect::<Vec<_>>();
    let (name, fields) = read_with(block("yaml"), &message).split_once('{').map(own).unwrap();
    assert_eq!(format!("{{\"{name}\":{{{fields}}}"), block("json"));
    assert_eq!(message.len(), 19);
}

fn own((name, fields): (&str, &str)) -> (String, String) {
    (name.to_owned(), fields.to_owned())
}
