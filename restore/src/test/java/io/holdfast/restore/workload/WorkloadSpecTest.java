package io.holdfast.restore.workload;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class WorkloadSpecTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "redis-server|/srv|/srv/a|/dev/null|80|10|command is 'redis-server': an absolute path is needed",
        "/bin/x|srv|/srv/a|/dev/null|80|10|workingDirectory: srv is not an absolute, plain path",
        "/bin/x|/srv|/srv/../a|/dev/null|80|10|dataDirectories: /srv/../a is not an absolute, plain path",
        "/bin/x|/srv|/|/dev/null|80|10|dataDirectories: / cannot be one",
        "/bin/x|/srv|/srv/a,/srv/a/b|/dev/null|80|10|dataDirectories: /srv/a/b lies in /srv/a",
        "/bin/x|/srv|/srv/a,/srv/a|/dev/null|80|10|dataDirectories: /srv/a lies in /srv/a",
        "/bin/x|/srv|/srv/a|/var/log/x|80|10|output /var/log/x is neither /dev/null nor in a data directory",
        "/bin/x|/srv|/srv/a|/srv/a/../x|80|10|output /srv/a/../x is neither /dev/null nor in a data directory",
        "/bin/x|/srv|/srv/a|/dev/null|65536|10|readyPort is 65536",
        "/bin/x|/srv|/srv/a|/dev/null|-1|10|readyPort is -1",
        "/bin/x|/srv|/srv/a|/dev/null|80|0|stopTimeoutMs is 0",
    })
    void refusesWhatCouldNotBeRestored(String program, String work, String data, String output, int port, long stopMs, String why) {
        List<Path> directories = List.of(data.split(",")).stream().map(Path::of).toList();
        assertThatThrownBy(() -> new WorkloadSpec(List.of(program), Path.of(work), directories, Map.of(), Path.of(output), port, stopMs))
            .isInstanceOf(IllegalArgumentException.class).hasMessageContaining(why);
    }
}
