package io.holdfast.cli.doctor;

import io.holdfast.capture.linux.LibC;
import io.holdfast.capture.linux.SystemCallException;
import io.holdfast.cli.testbed.TestbedException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/**
 * Tries out a list of capabilities, each that needs one in a network namespace of its own. Owned by the thread that calls
 * {@link #findings}.
 *
 * <p>The namespace belongs to a thread made for the purpose and has no name: whatever a probe leaves in it (rules,
 * devices, tracked connections) ends with that thread, also when this process is killed.
 */
final class Examination {

    private final List<Capability> capabilities;

    Examination(List<Capability> capabilities) {
        this.capabilities = List.copyOf(capabilities);
    }

    /** By the capability's name, in the order given. */
    Map<String, Finding> findings() throws InterruptedException {
        Map<String, Finding> findings = new LinkedHashMap<>();
        for (Capability each : capabilities) {
            findings.put(each.name(), inOwnNetwork(each));
        }
        return findings;
    }

    private static Finding inOwnNetwork(Capability capability) throws InterruptedException {
        FutureTask<Finding> task = new FutureTask<>(() -> examine(capability));
        Thread thread = new Thread(task, "doctor-" + capability.name());
        thread.start();
        thread.join();
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw new IllegalStateException("the probe of " + capability.name() + " is broken", e.getCause());
        }
    }

    /** What the kernel or a program refuses is an answer; anything else is a mistake of ours and goes up. */
    private static Finding examine(Capability capability) {
        try {
            if (capability.usesNetwork()) {
                LibC.check("unshare(CLONE_NEWNET)", LibC.unshare(LibC.CLONE_NEWNET));
            }
            return Finding.ok(capability.tryOut());
        } catch (SystemCallException | TestbedException | CapabilityException e) {
            return capability.absent(reason(e));
        }
    }

    private static String reason(RuntimeException e) {
        return e.getCause() == null ? e.getMessage() : e.getMessage() + ": " + e.getCause().getMessage();
    }
}
