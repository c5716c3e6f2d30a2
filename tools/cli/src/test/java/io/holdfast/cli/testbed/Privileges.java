package io.holdfast.cli.testbed;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** What the tests of this module need of the machine; missing it is a skip that says what is missing. */
public final class Privileges {

    private Privileges() {
    }

    public static void needNamespaces() {
        assumeTrue("root".equals(System.getProperty("user.name")), "needs root to make network namespaces");
        assumeTrue(SystemCommand.attempt("sh", "-c", "unshare --net --mount true").exitCode() == 0,
                "needs network and mount namespaces");
    }

    public static void needRedis() {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/redis-server")), "needs redis-server");
    }
}
