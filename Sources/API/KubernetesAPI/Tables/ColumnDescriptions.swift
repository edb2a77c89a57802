/// A line for each column's name. Upstream quotes its field documentation here; these are shorter.
enum ColumnDescriptions {
    static func text(_ column: String) -> String { all[column] ?? "" }

    private static let all = [
        "Name": "The object's name, unique in its namespace.",
        "Age": "The time since the object was made.",
        "Created At": "The time when the object was made.",
        "Ready": "How many parts are ready, of how many.",
        "Status": "The state in one word.",
        "Restarts": "How often containers were started again, and when the last one was.",
        "IP": "The address of the pod.",
        "Node": "The node that the pod runs on.",
        "Nominated Node": "The node on which room is being made for the pod.",
        "Readiness Gates": "How many conditions beyond the containers' own are met.",
        "Desired": "How many pods are wanted.",
        "Current": "How many pods there are.",
        "Up-to-date": "How many pods have the present template.",
        "Available": "How many pods have been ready long enough.",
        "Containers": "The names of the template's containers.",
        "Images": "The images of the template's containers.",
        "Selector": "The labels that select the pods.",
    ]
}
