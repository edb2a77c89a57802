import Testing

@testable import Controllers

struct ControllerChoiceTests {
    @Test(arguments: [
        ("*", ["a", "b"]), ("", []), ("-*", []), ("-*,a", ["a"]), ("a", ["a"]), ("*,-a", ["b"]), ("-a,*", ["b"]), ("-a", []),
        (" a , b ", ["a", "b"]),
    ])
    func `names choose`(text: String, chosen: [String]) throws {
        let choice = try ControllerChoice(parsing: text, known: ["a", "b"])
        #expect(["a", "b"].filter(choice.contains) == chosen)
    }

    @Test func `a name that no controller has is told with those that there are`() {
        #expect(throws: UnknownController(name: "c", known: ["a", "b"])) { try ControllerChoice(parsing: "*,-c", known: ["b", "a"]) }
    }
}
