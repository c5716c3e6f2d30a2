package io.holdfast.cli.testbed;

/** What is done to a machine from outside, as life would do it. */
public enum Fault {
    /** The machine dies: its link goes down and node process and workload are killed with it, all at once. */
    CRASH("the machine dies: link down, node and workload killed"),
    /** Only the node process is killed; the workload lives on, unattended. */
    DAEMON("the node process is killed, the workload is left running"),
    /** Only the workload is killed; the node process lives. */
    WORKLOAD("the workload is killed, the node process lives"),
    /** Only the link goes down; everything on the machine lives. */
    LINK("the link goes down, everything on the machine lives"),
    /** The node process is stopped in mid-step (SIGSTOP) and goes on after another node took over. */
    FREEZE("the node process is frozen, and thawed after the takeover"),
    /** Nothing: its operator has it hand over, as before maintenance. */
    SWITCHOVER("the primary is told to hand over to a standby");

    private final String description;

    Fault(String description) {
        this.description = description;
    }

    public String description() {
        return description;
    }
}
