import APIMachinery
import Testing

@Suite struct SelectorTests {
    private let labels = ["app": "web", "tier": "front", "n": "5", "empty": ""]

    @Test(arguments: [
        ("", true), ("app=web", true), ("app==web", true), ("app!=web", false), ("app=db", false), ("none!=x", true),
        ("app in (web,db)", true), ("app in (db)", false), ("app notin (db, x)", true), ("none notin (a)", true),
        ("app", true), ("none", false), ("!none", true), ("!app", false), ("n>4", true), ("n>5", false), ("n<6", true),
        ("app>1", false), ("app=web,tier=front,!none", true), ("app=web,tier=back", false), ("empty=", true),
        ("app in (web),n in (5)", true), ("in in (a)", false), ("notin", false),
    ])
    func `matches labels`(text: String, expected: Bool) throws {
        #expect(try Selector(parsing: text).matches(labels) == expected)
    }

    @Test(arguments: ["app=web", "app in (a,b)", "app!=x", "app notin (a,b)", "!app", "app", "n>4", "a=b,!c"])
    func `writes what it reads`(text: String) throws { #expect(try Selector(parsing: text).description == text) }

    @Test(arguments: ["=a", "app=web,", "app in web", "app in (a", "a b", "!", "a=b c", "-x", "a=-b", "n>x", "a!b", "(a)"])
    func `refuses other texts`(text: String) {
        #expect(throws: SelectorError.self) { try Selector(parsing: text) }
    }

    @Test(arguments: [
        ("a=b,,c=d", "found ',', expected: identifier after ','"), ("a=b,", "found '', expected: identifier after ','"),
        ("a===b", "found '=', expected: identifier"), ("a b", "found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("!=", "found '!=', expected: !, identifier, or 'end of string'"), ("!,", "found ',', expected: identifier"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a>x", "values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer"),
    ])
    func `tells what is wrong as upstream does`(text: String, message: String) {
        #expect(throws: SelectorError(description: message)) { try Selector(parsing: text) }
    }

    @Test(arguments: [
        ("metadata.name=web", true), ("metadata.name==web,status.phase!=Failed", true), ("metadata.name!=web", false),
        ("spec.x=", true), ("", true), (#"spec.y=a\,b\=c\\d"#, true),
    ])
    func `matches fields`(text: String, expected: Bool) throws {
        let values = ["metadata.name": "web", "status.phase": "Running", "spec.y": "a,b=c\\d"]
        let selector = try FieldSelector(parsing: text)
        #expect(selector.matches { values[$0] } == expected)
        #expect(try FieldSelector(parsing: selector.description) == selector)
    }

    @Test(arguments: ["metadata.name", "a=b=c", #"a=\x"#])
    func `refuses other field selectors`(text: String) {
        #expect(throws: SelectorError.self) { try FieldSelector(parsing: text) }
    }
}
