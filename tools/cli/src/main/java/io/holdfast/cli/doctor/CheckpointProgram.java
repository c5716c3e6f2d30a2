package io.holdfast.cli.doctor;

import io.holdfast.cli.testbed.SystemCommand;
import java.nio.file.Files;
import java.nio.file.Path;

/** A CRIU that works on this kernel. Without it a node runs, under the policy {@code checkpoint: none}. */
final class CheckpointProgram implements Capability {

    private final Path program;

    CheckpointProgram(Path program) {
        this.program = program;
    }

    @Override
    public String name() {
        return "CRIU";
    }

    @Override
    public String remedy() {
        return "run tools/setup/criu.sh and read what it says";
    }

    @Override
    public boolean usesNetwork() {
        return false;
    }

    @Override
    public String tryOut() {
        if (!Files.isExecutable(program)) {
            throw new CapabilityException(program + " is not there");
        }
        String version = SystemCommand.run(program.toString(), "--version").lines()
                .filter(line -> line.startsWith("Version:")).findFirst()
                .orElseThrow(() -> new CapabilityException(program + " does not say its version"))
                .substring("Version:".length()).strip();
        SystemCommand.run(program.toString(), "check");
        return "version " + version + " passes its check, " + program;
    }

    @Override
    public Finding absent(String reason) {
        return Finding.warning(reason + "; services here can have 'checkpoint: none' only", remedy());
    }
}
