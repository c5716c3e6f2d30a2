package io.holdfast.cli.doctor;

import io.holdfast.cli.testbed.SystemCommand;

/** redis-server, the demo's and the tests' workload. A node that protects something else runs without it. */
final class DemoWorkload implements Capability {

    @Override
    public String name() {
        return "redis-server";
    }

    @Override
    public String remedy() {
        return "apt-get install redis-server";
    }

    @Override
    public boolean usesNetwork() {
        return false;
    }

    @Override
    public String tryOut() {
        return SystemCommand.run("redis-server", "--version").strip();
    }

    @Override
    public Finding absent(String reason) {
        return Finding.warning(reason + "; the demo and the tests need it", remedy());
    }
}
