package io.holdfast.cli.testbed;

import java.util.List;

/** Makes a testbed with running processes, prints its directory and waits to be killed. */
public final class AbandonedTestbed {

    private AbandonedTestbed() {
    }

    public static void main(String[] arguments) throws InterruptedException {
        Testbed testbed = Testbed.create(2);
        testbed.machine(1).start(List.of("sh", "-c", "setsid unshare --pid --fork sleep 1000 & exec sleep 1001"));
        System.out.println(testbed.layout().directory());
        Thread.currentThread().join();
    }
}
