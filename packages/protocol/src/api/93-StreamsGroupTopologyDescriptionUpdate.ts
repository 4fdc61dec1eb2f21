/**
 * StreamsGroupTopologyDescriptionUpdate (key 93): stores the description of a streams group's topology (KIP-1331).
 * Flexible in every version.
 */
import { message } from "../Api.ts"
import { f } from "../Field.ts"

export const TopologyDescriptionNode = f.struct({
  name: f.string,
  nodeType: f.int8,
  sourceTopics: f.array(f.string),
  sinkTopic: f.string.nulls().default(null),
  stores: f.array(f.string),
  successors: f.array(f.string)
})
export type TopologyDescriptionNode = typeof TopologyDescriptionNode.Type

export const TopologyDescriptionSubtopology = f.struct({
  subtopologyId: f.string,
  nodes: f.array(TopologyDescriptionNode)
})
export type TopologyDescriptionSubtopology = typeof TopologyDescriptionSubtopology.Type

export const TopologyDescriptionGlobalStore = f.struct({
  source: TopologyDescriptionNode,
  processor: TopologyDescriptionNode
})
export type TopologyDescriptionGlobalStore = typeof TopologyDescriptionGlobalStore.Type

export const TopologyDescription = f.struct({
  subtopologies: f.array(TopologyDescriptionSubtopology),
  globalStores: f.array(TopologyDescriptionGlobalStore)
})
export type TopologyDescription = typeof TopologyDescription.Type

export const StreamsGroupTopologyDescriptionUpdateRequest = message(
  "StreamsGroupTopologyDescriptionUpdateRequest",
  { key: 93, versions: "0", flexible: "0+" },
  {
    groupId: f.string,
    memberId: f.string,
    topologyEpoch: f.int32,
    topologyDescription: TopologyDescription
  }
)
export type StreamsGroupTopologyDescriptionUpdateRequest = typeof StreamsGroupTopologyDescriptionUpdateRequest.Type

export const StreamsGroupTopologyDescriptionUpdateResponse = message(
  "StreamsGroupTopologyDescriptionUpdateResponse",
  { key: 93, versions: "0", flexible: "0+" },
  {
    throttleTimeMs: f.int32.default(0),
    errorCode: f.int16,
    errorMessage: f.string.nulls().default(null)
  }
)
export type StreamsGroupTopologyDescriptionUpdateResponse = typeof StreamsGroupTopologyDescriptionUpdateResponse.Type
