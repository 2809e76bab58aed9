import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.common.utils.LogContext;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.connect.runtime.distributed.ExtendedAssignment;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeAssignor;
import org.apache.kafka.connect.runtime.distributed.IncrementalCooperativeConnectProtocol;
import org.apache.kafka.connect.runtime.distributed.WorkerCoordinator.ConnectorsAndTasks;
import org.apache.kafka.connect.storage.ClusterConfigState;
import org.apache.kafka.connect.util.ConnectorTaskId;

/**
 * One question per line: what would Java's leader say in these rebalances, one after another (`rounds`)? What would it write for these
 * connectors (`names`)? The assignor's own function is private: it is reached by reflection.
 */
public class AssignmentOracle {
    static final ObjectMapper JSON = new ObjectMapper();

    public static void main(String[] args) throws Exception {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) {
            JsonNode question = JSON.readTree(line);
            System.out.println(question.has("names") ? written(question) : decided(question));
        }
    }

    static String written(JsonNode question) throws Exception {
        List<String> names = new ArrayList<>();
        for (JsonNode name : question.get("names")) names.add(name.asText());
        ExtendedAssignment assignment = new ExtendedAssignment(
                (short) 2, (short) 0, "m", "u", 1, names, List.of(), List.of(), List.of(), 0);
        ByteBuffer buffer = IncrementalCooperativeConnectProtocol.serializeAssignment(assignment, true);
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return JSON.writeValueAsString(Base64.getEncoder().encodeToString(bytes));
    }

    static String decided(JsonNode question) throws Exception {
        AtomicLong now = new AtomicLong();
        Time time = (Time) Proxy.newProxyInstance(
                Time.class.getClassLoader(), new Class<?>[] {Time.class}, (proxy, method, args) -> now.get());
        IncrementalCooperativeAssignor assignor =
                new IncrementalCooperativeAssignor(new LogContext(), time, question.get("delayMaxMs").asInt());
        Method decide = IncrementalCooperativeAssignor.class.getDeclaredMethod(
                "performTaskAssignment", ClusterConfigState.class, int.class, int.class, Map.class);
        decide.setAccessible(true);
        Field delay = IncrementalCooperativeAssignor.class.getDeclaredField("delay");
        delay.setAccessible(true);
        ArrayNode answer = JSON.createArrayNode();
        for (JsonNode round : question.get("rounds")) {
            now.set(round.get("now").asLong());
            Map<String, ConnectorsAndTasks> members = new TreeMap<>();
            round.get("members").fields().forEachRemaining(member ->
                    members.put(member.getKey(), workOf(member.getValue())));
            Object outcome = decide.invoke(assignor, configured(round.get("configured")),
                    round.get("completedGeneration").asInt(), round.get("generation").asInt(), members);
            ObjectNode said = answer.addObject();
            said.put("delayMs", delay.getInt(assignor));
            for (String member : members.keySet()) {
                ObjectNode share = said.putObject(member);
                for (String what : List.of("newlyAssigned", "newlyRevoked", "allAssigned")) {
                    ArrayNode keys = share.putArray(what);
                    of(outcome, what + "Connectors", member).forEach(connector -> keys.add("-1/" + connector));
                    of(outcome, what + "Tasks", member).forEach(task ->
                            keys.add(((ConnectorTaskId) task).task() + "/" + ((ConnectorTaskId) task).connector()));
                }
            }
        }
        return JSON.writeValueAsString(answer);
    }

    @SuppressWarnings("unchecked")
    static Collection<Object> of(Object outcome, String what, String member) throws Exception {
        Method method = outcome.getClass().getDeclaredMethod(what);
        method.setAccessible(true);
        return ((Map<String, Collection<Object>>) method.invoke(outcome)).getOrDefault(member, List.of());
    }

    static ConnectorsAndTasks workOf(JsonNode work) {
        List<String> connectors = new ArrayList<>();
        for (JsonNode name : work.get("connectors")) connectors.add(name.asText());
        return new ConnectorsAndTasks.Builder().with(connectors, tasksOf(work)).build();
    }

    static List<ConnectorTaskId> tasksOf(JsonNode work) {
        List<ConnectorTaskId> tasks = new ArrayList<>();
        for (JsonNode id : work.get("tasks")) {
            tasks.add(new ConnectorTaskId(id.get("connector").asText(), id.get("task").asInt()));
        }
        return tasks;
    }

    static ClusterConfigState configured(JsonNode work) {
        Map<String, Integer> counts = new TreeMap<>();
        Map<String, Map<String, String>> configs = new TreeMap<>();
        for (JsonNode name : work.get("connectors")) {
            counts.put(name.asText(), 0);
            configs.put(name.asText(), Map.of());
        }
        for (ConnectorTaskId id : tasksOf(work)) counts.merge(id.connector(), 1, Integer::sum);
        return new ClusterConfigState(
                1, null, counts, configs, Map.of(), Map.of(), Map.of(), Map.of(), Map.of(), Set.of(), Set.of());
    }
}
