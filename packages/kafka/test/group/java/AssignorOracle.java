import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.GroupSubscription;
import org.apache.kafka.clients.consumer.ConsumerPartitionAssignor.Subscription;
import org.apache.kafka.clients.consumer.CooperativeStickyAssignor;
import org.apache.kafka.clients.consumer.RangeAssignor;
import org.apache.kafka.clients.consumer.RoundRobinAssignor;
import org.apache.kafka.clients.consumer.StickyAssignor;
import org.apache.kafka.clients.consumer.internals.ConsumerProtocol;
import org.apache.kafka.common.Cluster;
import org.apache.kafka.common.Node;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;

/** One question per line: what would Java's assignor give to these members, whose subscriptions are bytes of ours? */
public class AssignorOracle {
    public static void main(String[] args) throws Exception {
        ObjectMapper json = new ObjectMapper();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line; (line = in.readLine()) != null; ) System.out.println(answer(json, json.readTree(line)));
    }

    static String answer(ObjectMapper json, JsonNode question) throws Exception {
        ConsumerPartitionAssignor assignor = switch (question.get("assignor").asText()) {
            case "range" -> new RangeAssignor();
            case "roundrobin" -> new RoundRobinAssignor();
            case "sticky" -> new StickyAssignor();
            default -> new CooperativeStickyAssignor();
        };
        Node node = new Node(0, "localhost", 9092);
        Node[] nodes = {node};
        List<PartitionInfo> partitions = new ArrayList<>();
        question.get("topics").fields().forEachRemaining(topic -> {
            for (int i = 0; i < topic.getValue().asInt(); i++) {
                partitions.add(new PartitionInfo(topic.getKey(), i, node, nodes, nodes));
            }
        });
        Cluster cluster = new Cluster("oracle", List.of(node), partitions, Set.of(), Set.of());
        Map<String, Subscription> subscriptions = new HashMap<>();
        ObjectNode bytesAgain = json.createObjectNode();
        for (JsonNode member : question.get("members")) {
            byte[] bytes = Base64.getDecoder().decode(member.get("subscription").asText());
            Subscription subscription = ConsumerProtocol.deserializeSubscription(ByteBuffer.wrap(bytes));
            bytesAgain.put(member.get("memberId").asText(), base64(ConsumerProtocol.serializeSubscription(subscription)));
            if (!member.get("instanceId").isNull()) {
                subscription.setGroupInstanceId(Optional.of(member.get("instanceId").asText()));
            }
            subscriptions.put(member.get("memberId").asText(), subscription);
        }
        ObjectNode assignments = json.createObjectNode();
        assignor.assign(cluster, new GroupSubscription(subscriptions)).groupAssignment().forEach((memberId, assignment) -> {
            ArrayNode list = assignments.putArray(memberId);
            for (TopicPartition one : assignment.partitions()) list.add(one.topic() + " " + one.partition());
        });
        ObjectNode answer = json.createObjectNode();
        answer.set("assignments", assignments);
        answer.set("subscriptions", bytesAgain);
        return json.writeValueAsString(answer);
    }

    static String base64(ByteBuffer buffer) {
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }
}
