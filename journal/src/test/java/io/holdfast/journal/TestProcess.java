package io.holdfast.journal;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Stateless: starts a main class of the tests as a process of its own, with this JVM's flags. */
final class TestProcess {
    private TestProcess() {
    }

    /** @param errors where its standard error goes */
    static Process start(Class<?> main, Path errors, Object... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(flag -> flag.startsWith("--add-") || flag.startsWith("-Dchronicle")).forEach(command::add);
        command.addAll(List.of("-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", System.getProperty("java.class.path"), main.getName()));
        for (Object each : arguments) {
            command.add(each.toString());
        }
        return new ProcessBuilder(command).redirectError(errors.toFile()).start();
    }
}
