import APIMachinery
import KubernetesAPI
import Testing

@testable import Controllers

struct CronTests {
    private func time(_ text: String) throws -> Timestamp { try #require(Timestamp(text)) }

    /// Clocks in Berlin go from 2:00 to 3:00 on 2026-03-29 and from 3:00 to 2:00 on 2026-10-25.
    @Test(
        .enabled(if: (try? TimeZoneRules.load("Europe/Berlin")) != nil, "this host has no time zone database"),
        arguments: [
            ("* * * * *", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:01:00Z"),
            ("59 23 31 12 *", "UTC", "2026-01-01T00:00:00Z", "2026-12-31T23:59:00Z"),
            ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"),
            ("0 12 13 * 5", "UTC", "2026-01-01T00:00:00Z", "2026-01-02T12:00:00Z"),
            ("0 9 * * 1-5", "Europe/Berlin", "2026-01-02T08:00:00Z", "2026-01-05T08:00:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-03-28T02:00:00Z", "2026-03-30T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T00:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
            ("30 2 * * *", "Europe/Berlin", "2026-10-25T01:30:00Z", "2026-10-26T01:30:00Z"),
            ("0 0 * * *", "America/New_York", "2036-07-01T12:00:00Z", "2036-07-02T04:00:00Z"),
            ("0 0 * * *", "Asia/Kathmandu", "2026-01-01T00:00:00Z", "2026-01-01T18:15:00Z"),
            ("@every 90s", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"),
        ])
    func `the next time of a schedule`(_ schedule: String, _ zone: String, _ after: String, _ expected: String) throws {
        let next = try CronSchedule(parsing: schedule).next(after: try time(after), in: try .load(zone))
        #expect(next?.description == expected)
    }

    @Test func `a time that never comes is none`() throws {
        #expect(try CronSchedule(parsing: "0 0 31 2 *").next(after: try time("2026-01-01T00:00:00Z"), in: .utc) == nil)
    }

    @Test func `a name that leaves the database is refused`() {
        for name in ["../etc/passwd", "/etc/localtime", "Nowhere/Never"] {
            #expect(throws: TimeZoneError.self) { _ = try TimeZoneRules.load(name) }
        }
    }

    private func cronJob(_ schedule: String = "* * * * *", last: String? = nil, deadline: Int64? = nil) throws -> CronJob {
        let (created, last) = (try time("2026-01-01T00:00:30Z"), try last.map { try time($0) })
        return CronJob {
            $0.metadata.name = "c"
            $0.metadata.creationTimestamp = created
            $0.spec.schedule = schedule
            $0.spec.startingDeadlineSeconds = deadline
            $0.status.lastScheduleTime = last
        }
    }

    @Test(
        arguments: [
            ("2026-01-01T00:00:59Z", nil, nil, nil, "none"),
            ("2026-01-01T00:01:00Z", nil, nil, "2026-01-01T00:01:00Z", "none"),
            ("2026-01-01T00:05:10Z", nil, nil, "2026-01-01T00:05:00Z", "few"),
            ("2026-01-01T00:05:10Z", "2026-01-01T00:05:00Z", nil, nil, "none"),
            ("2026-01-01T02:00:00Z", nil, nil, "2026-01-01T02:00:00Z", "many"),
            ("2026-01-01T02:00:10Z", nil, Int64(5), nil, "none"),
            ("2026-01-01T02:00:10Z", nil, Int64(200), "2026-01-01T02:00:00Z", "few"),
        ] as [(String, String?, Int64?, String?, String)])
    func `the latest time that has come is run, those before are dropped`(
        _ now: String, _ last: String?, _ deadline: Int64?, _ expected: String?, _ missed: String
    ) throws {
        let cronJob = try self.cronJob(last: last, deadline: deadline)
        let times = CronTimes(
            cronJob: cronJob, schedule: try CronSchedule(parsing: cronJob.spec.schedule), zone: .utc, now: try time(now))
        let recent = times.mostRecent(obeysDeadline: true)
        #expect(recent.time?.description == expected)
        #expect("\(recent.missed)" == missed)
    }

    @Test func `a run that is forbidden or doubled does not start`() throws {
        var cronJob = try self.cronJob()
        cronJob.spec.concurrencyPolicy = "Forbid"
        cronJob.status.active = [
            ObjectReference {
                $0.name = "c-1"; $0.uid = "u"
            }
        ]
        let now = try time("2026-01-01T00:01:10Z")
        let times = CronTimes(cronJob: cronJob, schedule: try CronSchedule(parsing: "* * * * *"), zone: .utc, now: now)
        var sync = CronSync(cronJob, jobs: [], now: now)
        #expect(sync.start(times) == .no)
        #expect(sync.notes.map(\.reason) == ["JobAlreadyActive"])
        cronJob.spec.concurrencyPolicy = "Replace"
        sync = CronSync(cronJob, jobs: [], now: now)
        #expect(sync.start(times) == .yes(at: try time("2026-01-01T00:01:00Z"), replacing: cronJob.status.active))
        #expect(CronSync.jobName(cronJob, at: try time("2026-01-01T00:01:00Z")) == "c-29453761")
    }
}
