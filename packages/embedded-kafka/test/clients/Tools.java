import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.util.Arrays;
import java.util.Base64;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command line tools one after another in one process, since starting one for each costs seconds.
 * Reads lines `INPUT CLASS ARGUMENT…`, answers each with `STATUS OUTPUT`; words are Base64, separated by spaces.
 */
public class Tools {
    private static final ByteArrayOutputStream said = new ByteArrayOutputStream();
    /** How the tool first wanted to end, and what it had said by then: some catch what stops them, and go on. */
    private static Integer status;
    private static byte[] output;

    private static void end(int wanted, String message) {
        if (status == null) {
            status = wanted;
            output = said.toByteArray();
        }
        throw new ThreadDeath();
    }

    public static void main(String[] args) throws Exception {
        PrintStream answers = System.out;
        BufferedReader questions = new BufferedReader(new InputStreamReader(System.in));
        System.setOut(new PrintStream(said, true));
        System.setErr(new PrintStream(said, true));
        Exit.setExitProcedure(Tools::end);
        Exit.setHaltProcedure(Tools::end);
        for (String line = questions.readLine(); line != null; line = questions.readLine()) {
            String[] words = Arrays.stream(line.split(" ", -1)).map(Tools::decoded).toArray(String[]::new);
            run(words[0], words[1], Arrays.copyOfRange(words, 2, words.length));
            answers.println(status + " " + Base64.getEncoder().encodeToString(output));
        }
    }

    private static String decoded(String word) {
        return new String(Base64.getDecoder().decode(word));
    }

    private static void run(String input, String tool, String[] args) throws Exception {
        System.setIn(new ByteArrayInputStream(input.getBytes()));
        said.reset();
        status = null;
        int returned = 0;
        try {
            Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) args);
        } catch (InvocationTargetException e) {
            returned = 1;
            if (status == null) e.getCause().printStackTrace();
        }
        if (status == null) {
            status = returned;
            output = said.toByteArray();
        }
    }
}
