package io.holdfast.restore.workload;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;

/**
 * What a node writes down of the workload it runs, so that its successor after a crash finds what is left of it.
 * Immutable.
 *
 * <p>Written before the workload can exist, and again as more is known. It need not survive a crash of the machine, as
 * no process does: so nothing is forced to disk, and the boot id tells.
 *
 * @param processes roots of what may be left: the launcher or CRIU, then the workload itself
 * @param pidFile   where CRIU writes the pid of what it restores; null when the workload was not restored
 */
record WorkloadRecord(String bootId, List<Entry> processes, String pidFile) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    record Entry(long pid, long startTicks) {
        /** Empty when the process has ended already. */
        static Optional<Entry> find(long pid) {
            return ProcessStat.of(pid).map(stat -> new Entry(pid, stat.startTicks()));
        }

        static Entry of(long pid) {
            return find(pid).orElseThrow(() -> new WorkloadException("process " + pid + " has ended already"));
        }

        boolean lives() {
            return ProcessStat.of(pid).filter(stat -> stat.startTicks() == startTicks && !stat.hasEnded()).isPresent();
        }
    }

    static WorkloadRecord now(List<Entry> processes, Path pidFile) {
        return new WorkloadRecord(bootIdNow(), List.copyOf(processes), pidFile == null ? null : pidFile.toString());
    }

    /** False when the machine was started anew since: then every process in it is gone, whatever has its number now. */
    boolean matchesBoot() {
        return bootId.equals(bootIdNow());
    }

    void write(Path file) {
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        try {
            Files.write(fresh, JSON.writeValueAsBytes(this));
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new WorkloadException("cannot write down the workload's processes in " + file, e);
        }
    }

    static Optional<WorkloadRecord> read(Path file) {
        try {
            return Optional.of(JSON.readValue(Files.readAllBytes(file), WorkloadRecord.class));
        } catch (NoSuchFileException none) {
            return Optional.empty();
        } catch (JsonProcessingException e) {
            throw new WorkloadException(file + " is not a record of a workload; look for leftovers by hand, then delete it", e);
        } catch (IOException e) {
            throw new WorkloadException("cannot read " + file, e);
        }
    }

    private static String bootIdNow() {
        try {
            return Files.readString(BOOT_ID, StandardCharsets.US_ASCII).strip();
        } catch (IOException e) {
            throw new WorkloadException("cannot read " + BOOT_ID, e);
        }
    }
}
