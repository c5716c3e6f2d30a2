package io.holdfast.restore.workload;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * The processes of a workload, by their numbers as the node sees them. Stateless; any thread.
 *
 * <p>A workload is the first process of its PID namespace: whoever loses a parent in there becomes its child, so the
 * whole workload is what descends from it, nested namespaces included.
 */
public final class WorkloadProcesses {
    /** A tree that changes faster than it can be read is given up on after so many readings. */
    private static final int MAX_READINGS = 100;

    private WorkloadProcesses() {
    }

    /**
     * The root and all that descends from it, parents before children; empty when the root has ended.
     *
     * <p>{@code /proc/<pid>/task/<tid>/children} may miss someone while the tree changes (proc(5)), so it is read until
     * two readings agree. Of a tree that stands still (dumped, not yet resumed) the first reading is right.
     */
    public static List<Long> of(long rootPid) {
        List<Long> before = read(rootPid);
        for (int i = 0; i < MAX_READINGS; i++) {
            List<Long> now = read(rootPid);
            if (now.equals(before)) {
                return now;
            }
            before = now;
        }
        throw new WorkloadException("the processes below " + rootPid + " change faster than they can be listed");
    }

    /** Bytes of memory of the tree that are in no file, so that an image has to hold them. */
    public static long anonymousBytes(long rootPid) {
        long sum = 0;
        for (long pid : of(rootPid)) {
            sum += anonymousBytesOf(pid);
        }
        return sum;
    }

    /** Lets every process of the tree run that is stopped; returns those that were. */
    public static List<Long> resume(long rootPid) {
        List<Long> resumed = new ArrayList<>();
        for (long pid : of(rootPid)) {
            if (ProcessStat.of(pid).filter(ProcessStat::isStopped).isPresent()) {
                PidFd.open(pid).ifPresent(process -> {
                    try (process) {
                        if (process.signal(PidFd.SIGCONT)) {
                            resumed.add(pid);
                        }
                    }
                });
            }
        }
        return resumed;
    }

    private static List<Long> read(long rootPid) {
        Set<Long> found = new LinkedHashSet<>();
        if (ProcessStat.of(rootPid).filter(stat -> !stat.hasEnded()).isPresent()) {
            found.add(rootPid);
        }
        List<Long> level = new ArrayList<>(found);
        while (!level.isEmpty()) {
            List<Long> next = new ArrayList<>();
            for (long pid : level) {
                addChildren(pid, next);
            }
            next.removeIf(pid -> !found.add(pid));
            level = next;
        }
        return List.copyOf(found);
    }

    private static void addChildren(long pid, List<Long> into) {
        try (DirectoryStream<Path> threads = Files.newDirectoryStream(Path.of("/proc/" + pid + "/task"))) {
            for (Path thread : threads) {
                for (String child : Files.readString(thread.resolve("children"), StandardCharsets.US_ASCII).split(" ")) {
                    if (!child.isBlank()) {
                        into.add(Long.parseLong(child.strip()));
                    }
                }
            }
        } catch (IOException | DirectoryIteratorException gone) {
            // The process or its thread ended while it was looked at. The next reading sees where its children went.
        }
    }

    private static long anonymousBytesOf(long pid) {
        long kib = 0;
        try {
            for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/status"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("RssAnon:") || line.startsWith("RssShmem:") || line.startsWith("VmSwap:")) {
                    kib += Long.parseLong(line.replaceAll("[^0-9]", ""));
                }
            }
        } catch (IOException gone) {
            return 0;
        }
        return kib * 1024;
    }
}
