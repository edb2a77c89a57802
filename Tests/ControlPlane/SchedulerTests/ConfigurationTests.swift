import Testing

@testable import Scheduler

struct ConfigurationTests {
    @Test func `the default profile has upstream's name`() { #expect(SchedulerConfiguration().profiles[0].schedulerName == "default-scheduler") }
}
