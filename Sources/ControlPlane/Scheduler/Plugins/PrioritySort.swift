/// Higher priority first, then who has waited longer.
package struct PrioritySort: QueueSortPlugin {
    package let name = "PrioritySort"
    package init() {}
    package func precedes(_ left: QueuedPod, _ right: QueuedPod) -> Bool {
        left.info.priority != right.info.priority ? left.info.priority > right.info.priority : left.since < right.since
    }
}
