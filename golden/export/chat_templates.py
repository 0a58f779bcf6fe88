"""Chat templates of families that are in use, in our own wording, and small ones that each show one thing of Jinja2."""

ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""

CHATML = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""

LLAMA2 = """{% if messages[0]['role'] == 'system' %}
  {%- set loop_messages = messages[1:] %}
  {%- set system_message = messages[0]['content'] %}
{%- else %}
  {%- set loop_messages = messages %}
  {%- set system_message = false %}
{%- endif %}
{%- for message in loop_messages %}
  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
    {{- raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
  {%- endif %}
  {%- if loop.index0 == 0 and system_message != false %}
    {%- set content = '<<SYS>>\n' + system_message + '\n<</SYS>>\n\n' + message['content'] %}
  {%- else %}
    {%- set content = message['content'] %}
  {%- endif %}
  {%- if message['role'] == 'user' %}
    {{- bos_token + '[INST] ' + content.strip() + ' [/INST]' }}
  {%- elif message['role'] == 'assistant' %}
    {{- ' '  + content.strip() + ' ' + eos_token }}
  {%- endif %}
{%- endfor %}"""

LLAMA3 = """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"""

LLAMA31 = """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "26 Jul 2024" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{#- The system message is taken out, so that it can stand where we want it. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n"}}
{%- endif %}
{{- "Today Date: " + date_string + "\n\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "You have access to these functions. Answer with JSON." }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\n\n' -}}
    {{- "Given these functions, answer with JSON.\n\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""

MISTRAL3 = """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
            {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"] + "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Tool call IDs should be alphanumeric strings with length 9!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}
                {{- ", " }}
            {%- else %}
                {{- "]" + eos_token }}
            {%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[TOOL_RESULTS] {"content": ' + content|string + ", " }}
        {{- '"call_id": "' + message.tool_call_id + '"}[/TOOL_RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported!") }}
    {%- endif %}
{%- endfor %}
"""

QWEN25 = """{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are a helpful assistant.' }}
    {%- endif %}
    {{- "\n\n# Tools\n\n<tools>" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools>\n<|im_end|>\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\n<tool_call>\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' }}
        {{- message.content }}
        {{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""

QWEN3 = """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index and (loop.last or (not loop.last and reasoning_content)) %}
            {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""

GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"""

GEMMA3 = """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '\n\n' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '\n\n' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '\n' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model\n'}}
{%- endif -%}
"""

PHI3 = """{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"""

VICUNA = """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'].strip() + ' ' %}{% else %}{% set loop_messages = messages %}{% set system_message = 'A chat between a curious user and an artificial intelligence assistant. ' %}{% endif %}{{ system_message }}{% for message in loop_messages %}{% if message['role'] == 'user' %}{{ 'USER: ' + message['content'].strip() + ' ' }}{% elif message['role'] == 'assistant' %}{{ 'ASSISTANT: ' + message['content'].strip() + eos_token }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"""

LLAVA = """{% for message in messages %}{{message['role'].upper() + ' '}}{# Render all images first #}{% for content in message['content'] | selectattr('type', 'equalto', 'image') %}{{ '<image>\n' }}{% endfor %}{# Render all text next #}{% if message['role'] != 'assistant' %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{{ content['text'] + ' '}}{% endfor %}{% else %}{% for content in message['content'] | selectattr('type', 'equalto', 'text') %}{% generation %}{{ content['text'] + ' '}}{% endgeneration %}{% endfor %}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ 'ASSISTANT:' }}{% endif %}"""

DEEPSEEK = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt %}{{'<｜Assistant｜>'}}{% endif %}"""

MACROS = """{%- macro render_extra_keys(json_dict, handled_keys) -%}
    {%- if json_dict is mapping %}
        {%- for json_key in json_dict if json_key not in handled_keys %}
            {%- if json_dict[json_key] is mapping or (json_dict[json_key] is sequence and json_dict[json_key] is not string) %}
                {{- '\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | tojson | safe) ~ '</' ~ json_key ~ '>' }}
            {%- else %}
                {{-'\n<' ~ json_key ~ '>' ~ (json_dict[json_key] | string) ~ '</' ~ json_key ~ '>' }}
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endmacro -%}
{%- macro turn(role, text='', end=eos_token) -%}
[{{ role | upper }}] {{ caller() if caller is defined else text }}{{ end }}
{%- endmacro -%}
{%- for message in messages %}
{%- call turn(message.role) %}{{ message.content | string | indent(2) }}{% endcall %}
{%- if tools and loop.first %}
{%- for tool in tools %}{{ render_extra_keys(tool.function, ['name']) }}{% endfor %}
{%- endif %}
{% endfor -%}
{{ turn('assistant', end='') if add_generation_prompt }}"""

RAG = """{% for document in documents %}
Document {{ loop.index }}: {{ document.title }}
{{ document['text'] | indent(2, true) }}
{% else %}
No documents.
{% endfor %}
{% for message in messages %}{{ message.role }}: {{ message.content }}
{% endfor %}
{% if add_generation_prompt %}assistant: {% endif %}"""

FAMILIES = {
    "zephyr": ZEPHYR, "chatml": CHATML, "llama-2": LLAMA2, "llama-3": LLAMA3, "llama-3.1": LLAMA31,
    "mistral-3": MISTRAL3, "qwen-2.5": QWEN25, "qwen-3": QWEN3, "gemma": GEMMA, "gemma-3": GEMMA3, "phi-3": PHI3,
    "vicuna": VICUNA, "llava": LLAVA, "deepseek": DEEPSEEK, "macros": MACROS, "rag": RAG,
}  # fmt: skip

# one thing each, a line each; x, s, n, d, l, f, m are variables (see export_chat_templates.py)
SNIPPETS = """
{{ 1 == true }}|{{ 1 == 1.0 }}|{{ '1' == 1 }}|{{ none == false }}|{{ [] == [] }}|{{ [1, 2] == [1, 2] }}|{{ {} == {} }}
{{ (1, 2) == [1, 2] }}|{{ x is defined }}|{{ x == y }}|{{ 'a' != x }}
{{ none }}|{{ true }}|{{ 1.0 }}|{{ 0.1 + 0.2 }}|{{ 1e16 }}|{{ 1e15 }}|{{ 0.0001 }}|{{ 0.00001 }}|{{ -0.0 }}|{{ 1e300 * 1e10 }}
{{ 3.5e-7 }}|{{ 123456789.125 }}|{{ 2.5e20 }}|{{ 1_000 }}|{{ 0x1F }}|{{ 0b101 }}|{{ 0o17 }}
{{ [1, 'a', "b'c", none, true, 1.5] }}|{{ {'a': [1], 2: 'x'} }}|{{ (1,) }}|{{ (1, 'é') }}|{{ ['\\n', '\\x00', '\\u200b', '😀'] }}
{{ x }}|{{ x | default('d') }}|{{ '' | default('d') }}|{{ '' | default('d', true) }}|{{ none | d('n') }}|{{ x is undefined }}
{{ x | length }}|{% for i in x %}a{% else %}b{% endfor %}|{{ 'yes' if x else 'no' }}|{{ x ~ 'a' }}|{{ 'a' if false }}|
{{ x.y }}
{{ x + 'a' }}
{{ x['a'] }}
{{ x() }}
{{ 'a' + 1 }}
{{ none + 'a' }}
{{ none ~ 1 ~ true ~ 1.0 ~ [1] }}
{{ none.a }}|{{ d.nope }}|{{ d['nope'] }}|{{ l[9] }}|{{ s[99] }}|{{ l['a'] }}|{{ n.a }}
{{ d.nope.more }}
{{ d.items() | list }}|{{ d.keys() | list }}|{{ d.values() | list }}|{{ d.get('a') }}|{{ d.get('z') }}|{{ d.get('z', 5) }}
{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}|{% for k in d %}{{ k }}{% endfor %}|{{ d | length }}|{{ 'a' in d }}
{{ d | dictsort }}|{{ {'B': 1, 'a': 2} | dictsort }}|{{ {'B': 1, 'a': 2} | dictsort(true) }}|{{ {'B': 1, 'a': 2} | dictsort(by='value', reverse=true) }}
{{ 7 // 2 }}|{{ -7 // 2 }}|{{ -7 % 3 }}|{{ 7 % -3 }}|{{ 7 / 2 }}|{{ 4 / 2 }}|{{ 2 ** 3 ** 2 }}|{{ 2 ** -1 }}|{{ -2 ** 2 }}|{{ 7.5 // 2 }}|{{ true + 1 }}
{{ 1 / 0 }}
{{ 'ab' * 3 }}|{{ 2 * 'x' }}|{{ [0] * 2 }}|{{ [1] + [2] }}|{{ (1,) + (2,) }}|{{ 'ab' * -1 }}
{{ [1] + (2,) }}
{{ 1 < 2 < 3 }}|{{ 3 > 2 > 2 }}|{{ 'a' < 'b' }}|{{ [1, 2] < [1, 3] }}|{{ 1 < 2.5 }}|{{ '￿' < '😀' }}
{{ 1 < 'a' }}
{{ none < 1 }}
{{ 'a' in 'abc' }}|{{ 1 in [1.0] }}|{{ true in [1] }}|{{ 'x' not in 'abc' }}|{{ 1 in (1, 2) }}|{{ 'a' in x }}|{{ none in [none] }}|{{ [1] in [[1]] }}
{{ 1 in 'abc' }}
{{ 'b' in 5 }}
{{ not x }}|{{ not '' }}|{{ not [] }}|{{ not 0.0 }}|{{ not {} }}|{{ 1 and 2 }}|{{ 0 or 'a' }}|{{ '' and x.y }}|{{ none or false }}
{{ s.upper() }}|{{ s.lower() }}|{{ s.title() }}|{{ s.capitalize() }}|{{ s.swapcase() }}|{{ s | title }}|{{ s | capitalize }}|{{ "it's a-b (c) x" | title }}|{{ "it's".title() }}
{{ ' \u00a0x\ufeff\u001c ' | trim }}|{{ '\\x1cx\\x85'.strip() | length }}|{{ '\\ufeffx'.strip() | length }}|{{ 'xxaxx'.strip('x') }}|{{ 'abca'.lstrip('ab') }}|{{ 'abca'.rstrip('ac') }}
{{ '  a b  c '.split() }}|{{ 'a,b,,c'.split(',') }}|{{ 'a,b,c'.split(',', 1) }}|{{ 'a b c'.split(none, 1) }}|{{ 'a,b,c'.rsplit(',', 1) }}|{{ ' a  b c '.rsplit(none, 1) }}|{{ 'a'.split('b') }}|{{ ''.split() }}|{{ ''.split(',') }}
{{ 'a b  c d'.split(' ', maxsplit=2) }}|{{ 'abc'.split('b', -1) }}
{{ 'abc'.split('') }}
{{ 'aXbX'.replace('X', '-') }}|{{ 'aXbX'.replace('X', '-', 1) }}|{{ 'ab'.replace('', '.') }}|{{ 'aXbX' | replace('X', '-', 1) }}|{{ 'aaa' | replace('a', 'b', count=2) }}
{{ 'abc'.startswith('ab') }}|{{ 'abc'.startswith(('x', 'a')) }}|{{ 'abc'.endswith('c') }}|{{ 'abc'.startswith('b', 1) }}|{{ ''.startswith('') }}
{{ 'abc'.startswith(['a']) }}
{{ 'a-b'.partition('-') }}|{{ 'a-b-c'.rpartition('-') }}|{{ 'ab'.partition('-') }}|{{ 'ab'.rpartition('-') }}
{{ 'abcb'.find('b') }}|{{ 'abcb'.rfind('b') }}|{{ 'abc'.find('z') }}|{{ '😀b'.find('b') }}|{{ 'abcb'.count('b') }}|{{ 'abcb'.index('c') }}
{{ 'abc'.index('z') }}
{{ 'a\\nb\\r\\nc\\n'.splitlines() }}|{{ 'a\\nb\\n\\n'.splitlines(true) }}|{{ ''.splitlines() }}|{{ '\\n'.splitlines() }}|{{ 'a\\u2028b\\x0bc'.splitlines() }}
{{ ','.join(['a', 'b']) }}|{{ ['a', 1, none] | join(',') }}|{{ 'abc' | join('-') }}|{{ [{'a': 1}, {'a': 2}] | join('+', attribute='a') }}|{{ d | join }}
{{ ','.join([1]) }}
{{ 'abc'.isdigit() }}|{{ '12'.isdigit() }}|{{ '²'.isdigit() }}|{{ 'aB'.isalpha() }}|{{ 'a1'.isalnum() }}|{{ ' '.isspace() }}|{{ ''.isspace() }}|{{ 'AB1'.isupper() }}|{{ 'ab1'.islower() }}|{{ '1'.islower() }}
{{ 'x'.ljust(3, '.') }}|{{ 'x'.rjust(3) }}|{{ '-5'.zfill(4) }}|{{ 'pre-x'.removeprefix('pre-') }}|{{ 'x.py'.removesuffix('.py') }}
{{ s[0] }}|{{ s[-1] }}|{{ s[1:3] }}|{{ s[::-1] }}|{{ l[1:] }}|{{ l[:-1] }}|{{ l[::2] }}|{{ l[-2:] }}|{{ l[5:] }}|{{ l[::-1] }}|{{ l[3:0:-1] }}|{{ '😀x'[0] }}|{{ '😀x' | length }}|{{ (1, 2, 3)[1:] }}
{{ l.0 }}|{{ d['a'] }}|{{ d.a }}|{{ d['b']['c'] }}|{{ d.b.c }}|{{ l[true] }}
{{ l | first }}|{{ l | last }}|{{ [] | first }}|{{ 'abc' | first }}|{{ 'abc' | last }}|{{ l | reverse | list }}|{{ 'abc' | reverse }}
{{ [3, 1, 2] | sort }}|{{ ['b', 'A', 'c'] | sort }}|{{ ['b', 'A', 'c'] | sort(case_sensitive=true) }}|{{ [3, 1] | sort(reverse=true) }}|{{ m | sort(attribute='role') | map(attribute='role') | list }}
{{ [1, 'a'] | sort }}
{{ [1, 2, 1, 'A', 'a'] | unique | list }}|{{ [3, 1, 2] | min }}|{{ [3, 1, 2] | max }}|{{ [1, 2] | sum }}|{{ m | map(attribute='n') | sum }}|{{ ['b', 'A'] | min }}
{{ m | selectattr('role', 'equalto', 'user') | map(attribute='content') | list }}|{{ m | selectattr('n') | list | length }}|{{ m | rejectattr('role', 'in', ['user']) | list | length }}|{{ m | selectattr('zzz', 'defined') | list }}
{{ [1, 2, 3, 4] | select('even') | list }}|{{ [1, 2, 3] | reject('odd') | list }}|{{ [0, 1, '', 'a'] | select | list }}|{{ [1, 5, 3] | select('gt', 2) | list }}|{{ [1, 2] | select('divisibleby', 2) | list }}
{{ ['a', 'b'] | map('upper') | list }}|{{ [1, 2] | map('string') | join }}|{{ ['a b', 'c'] | map('replace', ' ', '_') | list }}|{{ m | map(attribute='zzz', default='-') | join(',') }}
{{ m | map(attribute='role') | length }}
{{ [[1, 2], [3]] | map('length') | list }}|{{ [1, 2] | map('zzz') | list }}
{{ d | tojson }}|{{ d | tojson(indent=2) }}|{{ {'b': 1, 'a': 'é<>&😀'} | tojson(ensure_ascii=true, sort_keys=true) }}|{{ [] | tojson(indent=2) }}|{{ [1.0, none, true, 'a"\\\\b/\\x7f\\u2028'] | tojson }}|{{ {'a': 1} | tojson(separators=(',', ':')) }}
{{ x | tojson }}
{{ [1e22, 1.5e-7, 3.0] | tojson }}|{{ {1: 2, 'b': [{}]} | tojson(indent=1) }}
{{ 'a\\nb\\n\\nc' | indent }}|{{ 'a\\nb' | indent(2, true) }}|{{ 'a\\n\\nb' | indent(2, blank=true) }}|{{ 'a\\nb' | indent('> ') }}|{{ 'a\\nb' | indent(width=1, first=true) }}|{{ 'a\\n' | indent }}
{{ '42' | int }}|{{ '4.7' | int }}|{{ 'x' | int }}|{{ 'x' | int(9) }}|{{ 3.9 | int }}|{{ -3.9 | int }}|{{ '1.5' | float }}|{{ '7' | float }}|{{ 'z' | float }}|{{ ' 12 ' | int }}|{{ true | int }}|{{ '1_0' | int }}|{{ '12abc' | int }}
{{ 2.5 | round }}|{{ 3.5 | round }}|{{ 2.675 | round(2) }}|{{ 2.1 | round(method='ceil') }}|{{ 2.19 | round(1, 'floor') }}|{{ 7 | round }}|{{ 42.55 | round(1) }}|{{ -1.5 | round | int }}
{{ -3 | abs }}|{{ -3.5 | abs }}|{{ 5 | string }}|{{ none | string }}|{{ 'abc' | upper }}|{{ 5 | upper }}|{{ 'a b c' | wordcount }}|{{ 'abc' | list }}|{{ d | list }}
{{ '%s has %d' | format('a', 3) }}|{{ '%s' % 'x' }}|{{ '%s-%s' % (1, 2) }}|{{ '100%%' % () }}|{{ '%(a)s' | format(a=1) }}|{{ '{} {}'.format(1, 'b') }}|{{ '{1}{0}'.format('a', 'b') }}|{{ '{x}'.format(x=2) }}|{{ '%r' % 'q' }}
{{ '%s' % (1, 2) }}
{{ 'a' | nofilter }}
{{ 1 is notest }}
{{ 'a' is string }}|{{ [] is sequence }}|{{ {} is mapping }}|{{ 'a' is iterable }}|{{ {} is iterable }}|{{ 1 is number }}|{{ true is number }}|{{ 1.0 is float }}|{{ true is integer }}|{{ none is none }}|{{ true is boolean }}|{{ 1 is true }}|{{ true is true }}|{{ false is false }}|{{ {} is sequence }}|{{ 5 is iterable }}
{{ 4 is even }}|{{ 3 is odd }}|{{ 9 is divisibleby 3 }}|{{ 9 is divisibleby(2) }}|{{ 'a' is lower }}|{{ 'A' is upper }}|{{ 1 is eq 1 }}|{{ 2 is gt 1 }}|{{ 1 is in [1] }}|{{ 1 is not in [1] }}|{{ none is sameas none }}|{{ range is callable }}|{{ x is not defined }}|{{ 'x' is ne 'y' }}|{{ 2 is ge 2 and 1 is le 0 }}
{{ 1 is eq }}
{{ range(3) | list }}|{{ range(1, 7, 2) | list }}|{{ range(3, 0, -1) | list }}|{{ range(3) }}|{{ range(3) | length }}|{{ range(10)[2:4] | list }}
{{ range(200000) | list }}
{% for i in [1, 2, 3] %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('a', 'b') }}{{ loop.changed(i // 2) }}{{ loop.depth }};{% endfor %}
{% for i in [1, 2, 3, 4] if i is even %}{{ i }}:{{ loop.index }}/{{ loop.length }} {% else %}none{% endfor %}|{% for i in [] %}x{% else %}none{% endfor %}|{% for i in [1] if i > 5 %}x{% else %}filtered{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% break %}
{% for i in [[1, [2, [3]]]] recursive %}{% for j in i %}{% if j is iterable %}({{ loop.depth }}{% else %}{{ j }}{% endif %}{% endfor %}{% endfor %}
{% for item in t recursive %}[{{ item.name }}{{ loop.depth }}{% if item.kids %}{{ loop(item.kids) }}{% endif %}]{% endfor %}
{% for a, b in [(1, 2), (3, 4)] %}{{ a }}-{{ b }} {% endfor %}|{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for a, b in [(1, 2, 3)] %}{{ a }}{% endfor %}
{% set q = 1 %}{% for i in [1, 2] %}{{ q }}{% set q = q + 1 %}{{ q }}{% endfor %}{{ q }}
{% set ns = namespace(q=1) %}{% for i in [1, 2] %}{% set ns.q = ns.q + i %}{% endfor %}{{ ns.q }}|{% set ns.new = [] %}{{ ns.new }}|{{ ns.zzz }}
{% set ns2 = namespace({'a': 1}, b=2) %}{{ ns2.a }}{{ ns2.b }}|{{ ns2['a'] }}
{% set q.r = 1 %}
{% set d.zzz = 1 %}
{% if true %}{% set q = 5 %}{% endif %}{{ q }}|{% with q = 6 %}{{ q }}{% set q = 7 %}{% endwith %}{{ q }}|{% with a = 1, b = 2 %}{{ a + b }}{% endwith %}{{ a }}
{% set a, b = 1, 2 %}{{ b }}{{ a }}|{% set (c, e) = [3, 4] %}{{ c }}{{ e }}|{% set t2 = 1, 2 %}{{ t2 }}
{% set q %}a{{ 1 }}{% endset %}[{{ q }}]|{% set q | upper | trim %} abc {% endset %}[{{ q }}]|{% set q %}{% set inner = 1 %}{% endset %}{{ inner is defined }}
{% filter upper %}abc{{ s }}{% endfilter %}|{% filter replace('a', 'b') | trim %} a {% endfilter %}
{% macro f(a, b=2, c=a) %}{{ a }}{{ b }}{{ c }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(1) }}|{{ f(1, 3) }}|{{ f(1, c=5) }}|{{ f(1, 2, 3, 4) }}|{{ f(1, z=3) }}
{% macro g(a) %}[{{ a }}]{% endmacro %}{{ g() }}|{{ g('x') | upper }}|{{ g }}
{% macro g(a) %}[{{ a }}]{% endmacro %}{{ g(1, 2) }}
{% macro g(a) %}[{{ a }}]{% endmacro %}{{ g(b=1) }}
{% macro h() %}({{ caller('z') }}){% endmacro %}{% call(v) h() %}in {{ v }}{% endcall %}|{% macro k() %}{{ outer }}{% endmacro %}{% set outer = 1 %}{{ k() }}
{% macro rec(n) %}{{ n }}{% if n > 0 %}{{ rec(n - 1) }}{% endif %}{% endmacro %}{{ rec(3) }}
{% macro w() %}{% set q = 1 %}{{ q }}{% endmacro %}{{ w() }}{{ q is defined }}
{% raw %}{{ not rendered }} {% if %}{% endraw %}|{%- raw -%}  x  {%- endraw %}|{# comment {{ x }} #}|a {#- c -#} b
{{ "{% if %}" }}|{{ '#}' }}|{{ "a\\"b" }}|{{ 'a\\'b' }}|{{ "\\d\\t\\x41\\u00e9\\101" }}|{{ 'a' 'b' }}
{{ {'a': {'b': 1}}['a']['b'] }}|{{ {'a': 1}}}|{{ {'a': {}} }}
{{ 1 if true else 2 if false else 3 }}|{{ 'a' if x is defined else 'b' }}|{{ (1 if false) is undefined }}
{{ 'a' ~ 1 + 2 ~ 'b' }}|{{ 1 + 2 ~ 3 }}|{{ 2 * 3 ~ 4 }}|{{ -1 | abs }}|{{ - 1 }}|{{ +1 }}|{{ 1 - -1 }}|{{ 3-1 }}|{{ n-1 }}|{{ not true == false }}|{{ 1 == 1 and 2 }}|{{ 'a' | upper ~ 'b' }}|{{ ('a' ~ 'b') | upper }}|{{ 1 + 1 | string }}
{{ dict(a=1, b=2) }}|{{ dict([('a', 1)]) }}|{{ dict(d, z=1)['z'] }}|{{ {'a': 1, 'a': 2} }}
{{ l.append(4) }}
{{ d.update({'z': 1}) }}
{% set _ = l.pop() %}
{{ ''.__class__ }}
{{ s.format_map(d) }}
{{ cycler('a', 'b').next() }}|{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.current }}|{% set j = joiner('|') %}{{ j() }}a{{ j() }}b
{{ raise_exception('no') }}
{% if x.y %}a{% endif %}
{% generation %}a{% set q = 1 %}{{ q }}{% endgeneration %}{{ q is defined }}|{%- generation -%} b {%- endgeneration -%} c
{% do l.append(1) %}
{% include 'a' %}
{% block a %}b{% endblock %}
{% autoescape true %}{{ '<' }}{% endautoescape %}
{% if true %}
{% endfor %}
{{ 1 + }}
{{ (1 }}
{{ 1
{% for x in [1] %}{% endif %}
{{ 'a
{{ a b }}
{% if 1 %}{% elif 2 %}{% else %}{% elif 3 %}{% endif %}
{{ '<' | safe }}|{{ ('<' | safe) ~ '>' }}|{{ {'a': '<'} | tojson | safe }}|{{ '<' | e }}
{{ ('<' | safe) + '>' }}
{{ 'x' | batch(2) | list }}
{{ l is sameas l }}
{{ strftime_now('%Y') | length }}|{{ strftime_now('a%%b') }}
{{ messages }}
{{ s | default }}|{{ none is defined }}|{{ false | default('x', true) }}|{{ 0 | default(7, boolean=true) }}
{{ f(1) }}
{{ 1.5 // 1 }}|{{ 5.5 % 2 }}|{{ 1 + 1.0 }}|{{ 2 * 0.5 }}|{{ 10 ** 2 }}|{{ 2.0 ** 2 }}|{{ 5 - 5.0 }}|{{ 0 * -1 }}
{{ 'ß'.upper() }}|{{ 'İ'.lower() | length }}|{{ 'ﬀ' | upper }}|{{ 'éa'.title() }}|{{ 'ÀB'.capitalize() }}|{{ '😀a'[::-1] }}
{{ [none, true] | map('string') | list }}|{{ [1, [2]] | string }}|{{ {'k': none} | string }}|{{ "a'b" | list }}
{{ m[0] }}|{{ m[0].content }}|{{ m[0]['role'] }}|{{ (m | last).role }}|{{ m[-1:][0].role }}
{{ {'a': none}.a }}|{{ {'a': none}['a'] }}|{{ {'a': none}.get('a', 5) }}|{{ [none] | first }}|{{ [none] | last }}|{{ [none][0] }}|{{ {'a': none}.a is none }}
{% set ns = namespace(a=none) %}{{ ns.a }}{{ ns.a is none }}{{ ns.b is defined }}|{% macro m1(a, b=1) %}{{ a }}{{ b }}{% endmacro %}{{ m1(none) }}{{ m1(none, none) }}{{ m1(b=none, a=2) }}|{% for i in [none, 1] %}{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle(none, 'x') }}{% endfor %}
{{ range(10)[2:8:2] }}|{{ range(5)[::-1] }}|{{ n[1:] }}|{{ 5 | indent }}|{{ false | select | list }}|{{ none | map('upper') | list }}|{{ 'a' % [1] }}|{{ [] in d }}|{{ [[1], [1]] | unique | list }}|{{ x | int }}|{{ x | float }}|{{ [('a' | safe)] }}|{{ d | dictsort(by='z') }}
{{ [1,2,] }}|{{ (1,2,) }}|{{ {'a':1,} }}|{{ f is defined }}|{{ ().__len__ is defined }}
"""

# several lines each: white space round tags
LINES = [
    '{% raw %}\n x\n{% endraw %}\ny\n',
    "{% print 1, 'a' %}|{%+ if true +%}\n b{%+ endif %}\n",
    '  {% if true %}\n    text\n  {% endif %}\nend\n',
    '  {%- if true -%}\n    text\n  {%- endif -%}\nend\n',
    '  {%+ if true %}kept{% endif %}\n',
    '\t{% set q = 1 %}\na  {% if true %}  b  {% endif %}  c\n',
    '{{ 1 }}\n{{- 2 }}\n  {{ 3 -}}\n  x\n',
    "{{ '-' }}-}\nx {# c #}\ny\n   {# lone #}\nz\n",
    'a -%}\nb\n{% if true %}-}\nc{% endif %}\n\n',
    "{{ '\\\nx' }}",
    'a\r\n{% if true %}\r\nb{% endif %}\rc',
    '{{ "a\r\nb" | length }}',
    '\n\n{{ 1 }}\n\n',
    '{%- raw -%}\n x {{ }}\n{%- endraw +%}\nb',
    'a\n  {#- c -#}  \nb',
    '{{ {"a": 1,\n "b": [1,\n2]} }}',
    '{% for i in [1, 2] -%}\n  {{ i }}\n{%- endfor %}\n!',
    '  {% for i in [1] %}  \n{{ i }}\n  {% endfor %}  \n!',
    '{% if true %}\n\n  x\n{% endif %}\n\ny',
    '{{ 1 }}  {% if true %} {% endif %}\n',
    '{% raw %}a{% endraw %}\n b {%+ raw %} c {% endraw %}',
]
