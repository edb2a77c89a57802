import APIMachinery
import Testing

@testable import KubernetesAPI

@Suite struct TableTests {
    @Test(
        arguments: [
            (-5, "<invalid>"), (-1, "0s"), (0, "0s"), (119, "119s"), (120, "2m"), (125, "2m5s"), (599, "9m59s"), (600, "10m"),
            (10_799, "179m"), (10_800, "3h"), (11_460, "3h11m"), (28_800, "8h"), (172_799, "47h"), (172_800, "2d"),
            (176_400, "2d1h"), (691_199, "7d23h"), (691_200, "8d"), (63_071_999, "729d"), (63_072_000, "2y"),
            (63_158_400, "2y1d"), (252_288_000, "8y"), (400_000_000, "12y"),
        ] as [(Int64, String)])
    func `durations are for people`(seconds: Int64, text: String) {
        #expect(HumanDuration.text(seconds: seconds) == text)
    }

    @Test(arguments: [
        (".spec.a", "1"), (".spec.list[1].n", "\"y\""), (".spec.list[-1].n", "\"y\""), (#".spec.list[?(@.n=="x")].v"#, "1"),
        (".spec.list[*].n", "\"x\""), (".metadata.annotations['a.b/c']", "\"z\""), (#".metadata.annotations.a\.b/c"#, "\"z\""),
        (".spec.missing", "nil"), (".spec.list[9].n", "nil"), (#".spec.list[?(@.n!="x")].v"#, "2"),
    ])
    func `paths find what kubectl finds`(path: String, found: String) throws {
        let object = try JSONValue(
            parsing: #"{"metadata":{"annotations":{"a.b/c":"z"}},"spec":{"a":1,"list":[{"n":"x","v":1},{"n":"y","v":2}]}}"#)
        let first = try SimpleJSONPath(parsing: path).values(in: object)?.first
        #expect((first.map { "\($0)" } ?? "nil") == found)
    }

    @Test(arguments: ["a[", "spec.a", ".a[", ".a[b", ".a[?(n)]", ".a[?(@.n==\"x\"", "", ".a..b"])
    func `malformed paths are refused`(path: String) {
        #expect(throws: SimpleJSONPath.Malformed.self) { try SimpleJSONPath(parsing: path) }
    }

    @Test func `a custom resource's columns leave values of other types empty`() throws {
        let columns = PrinterColumns([
            ["name": "Text", "type": "string", "jsonPath": ".spec.text"],
            ["name": "Num", "type": "integer", "jsonPath": ".spec.num", "priority": 1],
            ["name": "When", "type": "date", "jsonPath": ".metadata.creationTimestamp"],
            ["name": "Map", "type": "string", "jsonPath": ".spec.map"],
        ])
        #expect(columns.columns.map(\.name) == ["Name", "Text", "Num", "When", "Map"])
        #expect(columns.columns[2].priority == 1)
        let now = try #require(Timestamp("2024-01-01T00:00:10Z"))
        let object = try #require(
            try JSONValue(
                parsing:
                    #"{"metadata":{"name":"o","creationTimestamp":"2024-01-01T00:00:00Z"},"spec":{"text":5,"num":"x","map":{"k":"v"}}}"#
            ).objectValue)
        #expect(columns.cells(of: object, now: TableClock(now)) == ["o", "5", nil, "10s", #"{"k":"v"}"#])
        #expect(PrinterColumns([]).cells(of: object, now: TableClock(now)) == ["o", "10s"])
    }

    @Test func `differences are shown as a unified diff of indented JSON`() {
        let old: JSONValue = ["a": 1, "b": [1, 2], "c": nil, "d": "x", "e": "y"]
        let new: JSONValue = ["a": 1, "b": [1, 2, 3], "c": nil, "d": "x", "e": "y"]
        #expect(
            GoDiff.text(old, new)
                == "@@ -2,7 +2,8 @@\n  \"a\": 1,\n  \"b\": [\n   1,\n-  2\n+  2,\n+  3\n  ],\n  \"c\": null,\n  \"d\": \"x\",\n")
        #expect(GoDiff.text(old, old) == "")
    }

    @Test(
        arguments: [
            ("*/15 9-17 * * mon-fri", nil), ("0 0 1 1 *", nil), ("@every 5m", nil), ("@hourly", nil), ("0 0 * * ?", nil),
            ("60 * * * *", "end of range (60) above maximum (59): 60"),
            ("* * * *", "expected exactly 5 fields, found 4: [* * * *]"), ("@foo", "unrecognized descriptor: @foo"),
            ("*/0 * * * *", "step of range should be a positive number: */0"),
        ] as [(String, String?)])
    func `schedules are read as upstream reads them`(text: String, problem: String?) {
        do throws(CronScheduleError) {
            _ = try CronSchedule(parsing: text)
            #expect(problem == nil)
        } catch {
            #expect(error.description == problem)
        }
    }

    @Test func `a schedule's fields are sets`() throws {
        let schedule = try CronSchedule(parsing: "1-3,10/20 * * jan sun")
        #expect(schedule.minutes == 1 << 1 | 1 << 2 | 1 << 3 | 1 << 10 | 1 << 30 | 1 << 50)
        #expect(schedule.months == 1 << 1)
        #expect(schedule.daysOfWeek == 1)
        #expect(schedule.isAnyDayOfMonth && !schedule.isAnyDayOfWeek)
        #expect(try CronSchedule(parsing: "@every 90s").everySeconds == 90)
    }
}
