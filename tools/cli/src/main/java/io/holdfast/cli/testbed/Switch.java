package io.holdfast.cli.testbed;

/**
 * The bridge between the machines, in a network namespace of its own. Owned by the thread that drives the testbed.
 * A port carries the name of what is plugged into it ({@code n1}, {@code client}).
 */
final class Switch {

    private static final String TABLE = "partition";

    private final String namespace;

    Switch(String namespace) {
        this.namespace = namespace;
    }

    void powerOn() {
        SystemCommand.run("ip", "netns", "add", namespace);
        // No multicast snooping: a group that forms by multicast needs no querier here.
        ip("link", "add", "br0", "type", "bridge", "stp_state", "0", "forward_delay", "0", "mcast_snooping", "0");
        ip("link", "set", "br0", "up");
    }

    /** Joins a namespace to the bridge; the namespace's end is {@link Layout#INTERFACE}. */
    void plug(String port, String otherNamespace, String address) {
        ip("link", "add", port, "type", "veth", "peer", "name", Layout.INTERFACE, "netns", otherNamespace);
        ip("link", "set", port, "master", "br0");
        ip("link", "set", port, "up");
        SystemCommand.run("ip", "-n", otherNamespace, "link", "set", "lo", "up");
        SystemCommand.run("ip", "-n", otherNamespace, "address", "add", address + "/" + Layout.PREFIX_LENGTH,
                "dev", Layout.INTERFACE);
        SystemCommand.run("ip", "-n", otherNamespace, "link", "set", Layout.INTERFACE, "up");
    }

    /** Takes a cable out for good: both ends of the pair are gone. */
    void unplug(String port) {
        ip("link", "del", port);
    }

    void port(String port, boolean up) {
        ip("link", "set", port, up ? "up" : "down");
    }

    /** Lets no frame pass between two ports, both ways; every other path stays. */
    void cut(String one, String other) {
        nft("add table bridge " + TABLE);
        nft("add chain bridge " + TABLE + " forward { type filter hook forward priority 0; }");
        nft("add rule bridge " + TABLE + " forward iifname " + one + " oifname " + other + " drop");
        nft("add rule bridge " + TABLE + " forward iifname " + other + " oifname " + one + " drop");
    }

    /** Ends every partition. */
    void mend() {
        nft("add table bridge " + TABLE);
        nft("delete table bridge " + TABLE);
    }

    String[] portDownCommand(String port) {
        return new String[] {"ip", "-n", namespace, "link", "set", port, "down"};
    }

    private void ip(String... arguments) {
        String[] command = new String[arguments.length + 3];
        command[0] = "ip";
        command[1] = "-n";
        command[2] = namespace;
        System.arraycopy(arguments, 0, command, 3, arguments.length);
        SystemCommand.run(command);
    }

    private void nft(String rule) {
        SystemCommand.run("ip", "netns", "exec", namespace, "nft", rule);
    }
}
