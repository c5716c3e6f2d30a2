package io.holdfast.cli.doctor;

import io.holdfast.cli.testbed.SystemCommand;

/** Network, mount and PID namespaces: a workload has its own PID namespace, the demo's nodes have all three. */
final class Namespaces implements Capability {

    @Override
    public String name() {
        return "namespaces";
    }

    @Override
    public String remedy() {
        return "the kernel needs CONFIG_NET_NS, CONFIG_PID_NS and leave to use them (a container needs CAP_SYS_ADMIN)";
    }

    @Override
    public boolean usesNetwork() {
        return false;
    }

    @Override
    public String tryOut() {
        String pid = SystemCommand.run("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child",
                "--mount-proc", "sh", "-c", "echo $$").strip();
        if (!pid.equals("1")) {
            throw new CapabilityException("the first process of a new PID namespace has number " + pid);
        }
        return "network, mount, PID";
    }
}
